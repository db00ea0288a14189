#!/usr/bin/python3
"""Encoders of torchvision with their weights as converted, for tests/unit/test_golden_encoder.c.

    /usr/bin/python3 tests/golden/encoder.py > tests/golden/encoder.txt

Narrow networks of torchvision's own blocks (the stem and two or three layers), in training
mode, so that batch norms run on the batch; behind them a 1x1 convolution and bilinear resizing
to the size of the image.  Weights are multiples of 1/1000.  Needs PyTorch and torchvision.

Every line is "name count values", and begins with NET/: narrow_mobilenet_v2, narrow_basic,
narrow_bottleneck.
    state/T, state_shape/T   tensor T of the state dict, as it is
    weight/T, shape/T        the same under polytree's names, as io/recipes makes them of it,
                             and two of the head
    output          NHWC, every STEP-th
    noise/output    the largest difference between this run in double and the same in float,
                    the unit for tolerances
    image           the input of all, NHWC (of no net)
For the nets mobilenet_v2, resnet18 and resnet50, whole as torchvision has them, there is shape/
alone.
"""
import importlib.util
import os

import torch
import torch.nn.functional as F
import torchvision
from torchvision.models.resnet import BasicBlock, Bottleneck

SEED, BATCH, HEIGHT, WIDTH, OUTPUTS, STEP = 5, 3, 20, 12, 2, 7


def load_recipe():
    path = os.path.join(os.path.dirname(__file__), "../../io/recipes/torchvision_weights.py")
    spec = importlib.util.spec_from_file_location("torchvision_weights", path)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return recipe


class NarrowResNet(torchvision.models.ResNet):
    """ResNet with 4 channels in its stem and two blocks."""

    def __init__(self, block, planes):
        torch.nn.Module.__init__(self)
        self._norm_layer, self.inplanes = torch.nn.BatchNorm2d, 4
        self.dilation, self.groups, self.base_width = 1, 1, 64
        self.conv1 = torch.nn.Conv2d(3, self.inplanes, 7, 2, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(self.inplanes)
        self.layer1 = self._make_layer(block, planes[0], 1)
        self.layer2 = self._make_layer(block, planes[1], 1, stride=2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.layer2(self.layer1(x))


def narrow_mobilenet():
    """4 channels in its stem, then 4, 6 at stride 2, 6 channels."""
    setting = [[1, 32, 1, 1], [2, 48, 2, 2]]
    net = torchvision.models.MobileNetV2(
        width_mult=0.125, inverted_residual_setting=setting, round_nearest=1)
    net.features = net.features[:4]  # what comes behind has no place in polytree
    net.classifier = torch.nn.Identity()
    net.forward = net.features.forward
    return net


def thousandths(shape, random, scale=1.0, mean=0.0):
    draw = mean + scale * torch.randn(shape, generator=random)
    return (1000 * draw).round() / 1000


def set_values(net, random):
    for name, tensor in net.state_dict().items():
        if tensor.dim() == 4:
            scale, mean = (2 / tensor[0].numel()) ** 0.5, 0.0
        else:
            scale, mean = 0.2, float(name.endswith("weight"))
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            tensor.copy_(thousandths(tensor.shape, random, scale, mean))


def predict(net, head, image):
    y = F.conv2d(net(image), head["weight"], head["bias"])
    y = F.interpolate(y, image.shape[2:], mode="bilinear", align_corners=False)
    return y.detach().permute(0, 2, 3, 1)


def show(name, values, digits=9):
    values = torch.as_tensor(values).reshape(-1).tolist()
    print(name, len(values), " ".join("%.*g" % (digits, v) for v in values))


def show_shapes(kind, tensors):
    for name, tensor in tensors.items():
        show(f"{kind}/{name}", list(tensor.shape))


def show_tensors(kind, shape_kind, tensors):
    show_shapes(shape_kind, tensors)
    for name, tensor in tensors.items():
        show(f"{kind}/{name}", tensor, 4)


def show_narrow(name, net, find_layers, recipe, image, random):
    net.train()
    set_values(net, random)
    state = {key: value.clone().numpy() for key, value in net.state_dict().items()}
    tensors, _ = recipe.convert(state, find_layers(state))
    channels = tensors[list(tensors)[-1]].shape[0]
    head = {"weight": thousandths((OUTPUTS, channels, 1, 1), random),
            "bias": thousandths(OUTPUTS, random)}
    rounded = predict(net, head, image)
    exact = predict(net.double(), {key: value.double() for key, value in head.items()},
                    image.double())
    tensors["head_task.0.conv.weight"] = head["weight"].permute(0, 2, 3, 1).numpy()
    tensors["head_task.0.conv.bias"] = head["bias"].numpy()
    show_tensors(f"{name}/state", f"{name}/state_shape",
                 {key: value for key, value in state.items()
                  if not key.endswith(recipe.STATISTICS)})
    show_tensors(f"{name}/weight", f"{name}/shape", tensors)
    show(f"{name}/output", exact.reshape(-1)[::STEP])
    show(f"{name}/noise/output", [(exact - rounded.double()).abs().max()])


def main():
    torch.set_num_threads(1)
    recipe = load_recipe()
    random = torch.Generator().manual_seed(SEED)
    image = torch.rand((BATCH, 3, HEIGHT, WIDTH), generator=random)
    image = (100 * image).round() / 100
    show("image", image.permute(0, 2, 3, 1), 2)
    for name, net, find_layers in (
        ("narrow_mobilenet_v2", narrow_mobilenet(), recipe.mobilenet_layers),
        ("narrow_basic", NarrowResNet(BasicBlock, [4, 6]), recipe.resnet_layers),
        ("narrow_bottleneck", NarrowResNet(Bottleneck, [2, 3]), recipe.resnet_layers),
    ):
        show_narrow(name, net, find_layers, recipe, image, random)
    for name, (find_layers, _, _) in recipe.ENCODERS.items():
        state = getattr(torchvision.models, name)().state_dict()
        tensors, _ = recipe.convert({key: value.numpy() for key, value in state.items()},
                                    find_layers(state))
        show_shapes(name + "/shape", tensors)


main()
