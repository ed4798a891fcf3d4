"""Vision transformer (Dosovitskiy et al., arXiv:2010.11929), with the state-dict names that published weights have."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself; parameters as in ``torch.nn.MultiheadAttention``.

    Parameters
    ----------
    dim : int
        Width of a token; a multiple of `heads`.
    heads : int
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * dim))
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each token of [N, T, D] gathers from all of them, [N, T, D]."""
        n, length, dim = x.shape
        projected = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = projected.view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        gathered = F.scaled_dot_product_attention(query, key, value)
        return self.out_proj(gathered.transpose(1, 2).reshape(n, length, dim))


class EncoderBlock(nn.Module):
    """Attention, then two dense layers, each behind a layer norm and beside a skip connection."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(dim, eps=1e-6)
        self.self_attention = SelfAttention(dim, heads)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(dim, mlp_dim), nn.GELU(), nn.Dropout(dropout),
                                 nn.Linear(mlp_dim, dim), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output for tokens [N, T, D]."""
        x = x + self.dropout(self.self_attention(self.ln_1(x)))
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Position embedding, blocks, layer norm."""

    def __init__(self, length: int, dim: int, layers: int, heads: int, mlp_dim: int, dropout: float) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, length, dim))
        self.dropout = nn.Dropout(dropout)
        blocks = OrderedDict((f"encoder_layer_{i}", EncoderBlock(dim, heads, mlp_dim, dropout)) for i in range(layers))
        self.layers = nn.Sequential(blocks)
        self.ln = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the encoded tokens [N, T, D]."""
        return self.ln(self.layers(self.dropout(tokens + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """Patches as tokens, a class token in front, whose encoding one dense layer classifies.

    Parameters
    ----------
    classes : int
    image_size, patch_size : int
        Pixels; the images are square, their size a multiple of the patch's. The defaults are ViT-S/16's.
    num_layers, num_heads, hidden_dim, mlp_dim : int
    dropout : float
    in_channels : int

    Raises
    ------
    ValueError
        If the image does not divide into patches, or the hidden dimension into heads.
    """

    def __init__(self, classes: int = 1000, *, image_size: int = 224, patch_size: int = 16, num_layers: int = 12,
                 num_heads: int = 6, hidden_dim: int = 384, mlp_dim: int = 1536, dropout: float = 0.0,
                 in_channels: int = 3) -> None:
        super().__init__()
        if image_size % patch_size or hidden_dim % num_heads:
            raise ValueError(f"image_size {image_size} must be a multiple of patch_size {patch_size}, "
                             f"hidden_dim {hidden_dim} of num_heads {num_heads}")
        self.conv_proj = nn.Conv2d(in_channels, hidden_dim, patch_size, stride=patch_size)
        self.class_token = nn.Parameter(torch.empty(1, 1, hidden_dim))
        length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(length, hidden_dim, num_layers, num_heads, mlp_dim, dropout)
        self.heads = nn.Sequential(OrderedDict(head=nn.Linear(hidden_dim, classes)))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [N, K] of images [N, C, H, W]."""
        patches = self.conv_proj(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1)
        return self.heads(self.encoder(tokens)[:, 0])
