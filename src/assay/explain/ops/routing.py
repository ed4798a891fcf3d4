"""Operations that only move entries: views, joins, slices, gathers, padding."""

from __future__ import annotations

from assay.explain.op import Op, on_path
from assay.explain.ops.call import Call, describes

MOVES = (
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "transpose", "t", "T", "mT", "H", "mH",
    "adjoint", "permute", "movedim", "moveaxis", "swapaxes", "swapdims", "contiguous", "clone", "to", "type",
    "type_as", "float", "double", "half", "bfloat16", "expand", "expand_as", "repeat", "repeat_interleave", "tile",
    "broadcast_to", "broadcast_tensors", "cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack",
    "column_stack", "chunk", "split", "split_with_sizes", "tensor_split", "unsafe_chunk", "unsafe_split", "unbind",
    "narrow", "select", "slice", "getitem", "index_select", "index", "gather", "take", "take_along_dim",
    "masked_select", "masked_fill", "where", "reflection_pad1d", "replication_pad1d", "flip", "fliplr", "flipud",
    "roll", "rot90", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
    "native_channel_shuffle", "tril", "triu", "diagonal", "diag", "diag_embed", "unfold", "im2col", "view_as",
    "reshape_as", "copy", "setitem", "scatter", "masked_scatter", "index_put", "index_copy", "index_fill",
    "slice_scatter", "select_scatter", "ravel", "real", "upsample_nearest1d", "upsample_nearest2d",
    "upsample_nearest3d", "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
    "max_unpool1d", "max_unpool2d", "max_unpool3d", "positive", "alias", "cpu", "hsplit", "vsplit", "block_diag",
    "as_strided", "atleast_1d", "atleast_2d", "atleast_3d", "squeeze_copy", "zero", "fill")

MIXES = (
    "upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d",
    "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "dropout", "feature_dropout", "alpha_dropout",
    "feature_alpha_dropout")

# Nodes of autograd that move entries only; seen or not, relevance moves with them.
ROUTES = (
    "View", "UnsafeView", "ReshapeAlias", "ReshapeCopy", "Alias", "Transpose", "T", "Permute", "Expand", "Squeeze",
    "Unsqueeze", "Cat", "Stack", "Slice", "Select", "Split", "SplitWithSizes", "Unbind", "Clone", "ToCopy", "Index",
    "IndexSelect", "Gather", "Repeat", "ConstantPadNd", "Flip", "Roll", "Diagonal", "AsStrided", "Unfold",
    "LiftFresh")
NODES = frozenset(f"{name}Backward{version}" for version in (0, 1) for name in ROUTES) | {
    "torch::autograd::CopyBackwards"}


@describes(*MOVES)
def move(call: Call) -> Op:
    """Every entry of the result is an entry of an operand, or a constant: relevance moves with it."""
    return call.op("view", moves=True)


@describes("pad", "constant_pad_nd")
def padding(call: Call) -> Op:
    """Entries around a tensor; `zeros` are how many on each side of its last axes, if they are zeros."""
    a = call.bind("input", "pad", mode="constant", value=None)
    places = 2 * (call.result.ndim - 2)
    zeros = a.mode == "constant" and a.value in (None, 0) and len(a.pad) <= places and min(a.pad, default=0) >= 0
    return call.op("view", moves=True, zeros=tuple(a.pad) if zeros else ())


@describes(*MIXES)
def mix(call: Call) -> Op:
    """Entries of the result are fixed linear combinations."""
    return call.op("view", moves=False)


@describes("grid_sampler", "grid_sampler_2d", "grid_sampler_3d")
def sample(call: Call) -> Op | None:
    """Values between entries, at places that are constants."""
    a = call.bind("input", "grid")
    return None if on_path(a.grid) else call.op("view", moves=False)
