"""Architectures: names, shapes and outputs that published weights expect."""

from __future__ import annotations

from itertools import count

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain.models import ARCHITECTURES, build
from assay.explain.models.architectures import empty

PARAMETERS = {  # as published with the weights
    "vgg11": 132863336, "vgg13": 133047848, "vgg16": 138357544, "vgg19": 143667240, "vgg11_bn": 132868840,
    "vgg13_bn": 133053736, "vgg16_bn": 138365992, "vgg19_bn": 143678248, "resnet18": 11689512,
    "resnet50": 25557032, "vit_b_16": 86567656,
}
KEYS = {
    "vgg16": {"features.0.weight": (64, 3, 3, 3), "features.28.bias": (512,), "classifier.0.weight": (4096, 25088),
              "classifier.6.weight": (1000, 4096)},
    "vgg11_bn": {"features.1.running_var": (64,), "features.25.weight": (512, 512, 3, 3),
                 "features.26.num_batches_tracked": ()},
    "resnet18": {"conv1.weight": (64, 3, 7, 7), "layer1.1.bn2.running_mean": (64,),
                 "layer2.0.downsample.0.weight": (128, 64, 1, 1), "layer4.0.downsample.1.bias": (512,),
                 "fc.weight": (1000, 512)},
    "resnet50": {"layer1.0.downsample.0.weight": (256, 64, 1, 1), "layer3.5.conv3.weight": (1024, 256, 1, 1),
                 "layer4.2.bn3.weight": (2048,), "fc.weight": (1000, 2048)},
    "vit_b_16": {"class_token": (1, 1, 768), "conv_proj.weight": (768, 3, 16, 16),
                 "encoder.pos_embedding": (1, 197, 768),
                 "encoder.layers.encoder_layer_11.self_attention.in_proj_weight": (2304, 768),
                 "encoder.layers.encoder_layer_0.self_attention.out_proj.bias": (768,),
                 "encoder.layers.encoder_layer_3.mlp.0.weight": (3072, 768),
                 "encoder.layers.encoder_layer_3.mlp.3.weight": (768, 3072),
                 "encoder.layers.encoder_layer_3.ln_2.weight": (768,), "encoder.ln.bias": (768,),
                 "heads.head.weight": (1000, 768)},
}
SMALL = {"vgg11_bn": {"width": 2, "hidden": 8}, "vgg16": {"width": 2, "hidden": 8}, "resnet18": {"width": 4},
         "resnet50": {"width": 4}, "vit": {"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 2,
                                           "hidden_dim": 16, "mlp_dim": 24}, "cnn": {}}


@pytest.mark.parametrize("arch", PARAMETERS)
def test_parameters_as_published(arch):
    assert sum(p.numel() for p in empty(arch).parameters()) == PARAMETERS[arch]


@pytest.mark.parametrize("arch", KEYS)
def test_state_dict_names_and_shapes(arch):
    found = {name: tuple(value.shape) for name, value in empty(arch).state_dict().items()}
    assert KEYS[arch].items() <= found.items()


def test_number_of_entries():
    # 53 convolutions and norms of 5 entries, and fc; 12 blocks of 12 entries, and 8 around them.
    assert len(empty("resnet50").state_dict()) == 53 + 53 * 5 + 2
    assert len(empty("vit_b_16").state_dict()) == 12 * 12 + 8
    assert len(empty("vgg19").state_dict()) == 2 * 19


@pytest.mark.parametrize("arch", SMALL)
def test_seeded_and_in_evaluation_mode(arch):
    before = torch.random.get_rng_state()
    first, again, other = (build(arch, 5, seed=seed, **SMALL[arch]) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before), "the global generator was used"
    assert not any(part.training for part in first.modules())
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        out = first(x)
        assert out.shape == (2, 5)
        assert torch.isfinite(out).all()
        assert torch.equal(out, again(x))
        assert not torch.allclose(out, other(x))
        assert torch.allclose(out[1:], first(x[1:]), rtol=1e-4, atol=1e-5)


def shaken(arch):
    """Return a small network whose biases and statistics matter."""
    model, generator = build(arch, 4, seed=1, **SMALL[arch]), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point() and value.dim() == 1:
                noise = torch.rand(value.shape, generator=generator)
                value.copy_(noise + 0.5 if name.endswith(("weight", "var")) else noise - 0.5)
    return model


def pictures(size):
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(5))


@torch.no_grad()
def test_vgg_is_its_layers_in_order():
    model = shaken("vgg11_bn")
    state, x, layer = model.state_dict(), pictures(40), count()
    for step in (1, "M", 1, "M", 1, 1, "M", 1, 1, "M", 1, 1, "M"):
        i = next(layer)
        if step == "M":
            x = F.max_pool2d(x, 2)
            continue
        x = F.conv2d(x, state[f"features.{i}.weight"], state[f"features.{i}.bias"], padding=1)
        norm = [state[f"features.{next(layer) if name == 'running_mean' else i + 1}.{name}"]
                for name in ("running_mean", "running_var", "weight", "bias")]
        x = F.relu(F.batch_norm(x, *norm, eps=1e-5))
        next(layer)
    x = F.adaptive_avg_pool2d(x, 7).flatten(1)
    for i in (0, 3, 6):
        x = F.linear(x if i == 0 else F.relu(x), state[f"classifier.{i}.weight"], state[f"classifier.{i}.bias"])
    assert torch.allclose(model(pictures(40)), x, atol=1e-5)


@pytest.mark.parametrize(("arch", "depths"), [("resnet18", (2, 2, 2, 2)), ("resnet50", (3, 4, 6, 3))])
@torch.no_grad()
def test_resnet_equals_an_independent_one(arch, depths):
    transformers = pytest.importorskip("transformers")
    model = shaken(arch)
    expansion = 4 if arch == "resnet50" else 1
    config = transformers.ResNetConfig(
        embedding_size=4, hidden_sizes=[4 * expansion << i for i in range(4)], depths=list(depths), num_labels=4,
        layer_type="bottleneck" if expansion == 4 else "basic", hidden_act="relu")
    peer = transformers.ResNetForImageClassification(config).eval()
    ours, state = model.state_dict(), {}
    for name, value in peer.state_dict().items():
        state[name] = ours[_our_resnet_name(name)].reshape(value.shape)
    peer.load_state_dict(state)
    assert torch.allclose(model(pictures(64)), peer(pictures(64)).logits, rtol=1e-4, atol=1e-5)


def _our_resnet_name(name):
    parts = name.removeprefix("resnet.").split(".")
    if parts[0] == "embedder":
        return f"{'conv1' if parts[2] == 'convolution' else 'bn1'}.{parts[3]}"
    if parts[0] == "classifier":
        return f"fc.{parts[2]}"
    block = f"layer{int(parts[2]) + 1}.{parts[4]}"
    if parts[5] == "shortcut":
        return f"{block}.downsample.{'0' if parts[6] == 'convolution' else '1'}.{parts[7]}"
    kind = "conv" if parts[7] == "convolution" else "bn"
    return f"{block}.{kind}{int(parts[6]) + 1}.{parts[8]}"


@torch.no_grad()
def test_vit_equals_torchs_own_encoder():
    model = shaken("vit")
    state, images = model.state_dict(), pictures(32)
    patches = F.conv2d(images, state["conv_proj.weight"], state["conv_proj.bias"], stride=8).flatten(2).mT
    x = torch.cat([state["class_token"].expand(2, 1, 16), patches], 1) + state["encoder.pos_embedding"]
    names = {"norm1": "ln_1", "norm2": "ln_2", "linear1": "mlp.0", "linear2": "mlp.3", "self_attn": "self_attention"}
    for i in range(2):
        peer = nn.TransformerEncoderLayer(16, 2, 24, 0.0, "gelu", 1e-6, batch_first=True, norm_first=True).eval()
        for name, value in peer.state_dict().items():
            part, _, rest = name.partition(".")
            value.copy_(state[f"encoder.layers.encoder_layer_{i}.{names[part]}.{rest}"])
        x = peer(x)
    x = F.layer_norm(x, (16,), state["encoder.ln.weight"], state["encoder.ln.bias"], 1e-6)
    expected = F.linear(x[:, 0], state["heads.head.weight"], state["heads.head.bias"])
    assert torch.allclose(model(images), expected, atol=1e-5)


@pytest.mark.parametrize(("dims", "shape"), [(1, (2, 3, 40)), (2, (2, 3, 17, 12)), (3, (2, 3, 8, 9, 10))])
def test_cnn_in_any_number_of_dimensions(dims, shape):
    model = build("cnn", 4, dims=dims, layers=(4, "M", 6), pool=2, hidden=(5,), dropout=0.1, batch_norm=True)
    assert model(torch.rand(shape)).shape == (2, 4)
    assert isinstance(model.classifier[-1], nn.Linear)


@pytest.mark.parametrize(("arguments", "words"), [
    (("vgg12",), ("vgg12", "did you mean vgg1")),
    (("resnet18", 0), ("classes", "0")),
    (("vit", 3, 0, {"patch": 8}), ("patch", "patch_size")),
    (("vit", 3, 0, {"image_size": 30, "patch_size": 8}), ("30", "8")),
    (("cnn", 3, 0, {"layers": (3, "P")}), ("P", "'M'")),
    (("resnet", 3, 0, {"block": "plain", "depths": (1, 1, 1, 1)}), ("plain", "basic")),
])
def test_what_cannot_be_built_says_why(arguments, words):
    *plain, options = arguments if isinstance(arguments[-1], dict) else (*arguments, {})
    with pytest.raises(AssayError) as error:
        build(*plain, **options)
    assert all(word in str(error.value) for word in words)


def test_every_architecture_has_a_name_that_builds():
    for arch in ARCHITECTURES:
        options = {"block": "basic", "depths": (1, 1, 1, 1)} if arch == "resnet" else {}
        assert empty(arch, 2, **options).state_dict()
