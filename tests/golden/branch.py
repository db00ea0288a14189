#!/usr/bin/python3
"""A branched encoder with a dense decoder in PyTorch, for tests/unit/test_golden_branch.c.

    /usr/bin/python3 tests/golden/branch.py > tests/golden/branch.txt

Written anew from the papers: MobileNetV2's inverted residuals (Sandler et al. 2018), the
ASPP and the decoder of DeepLabV3+ (Chen et al. 2018).  Strips of 104 x 6 pixels, so that the
first of ASPP's rates (6 at stride 16: 24 at the stride 4 here) still meets other rows.  The
loss is the sum of cos(i) times the i-th output (NHWC).

Every line is "name count values".  weight/T: tensor T, convolutions as [k, kh, kw, c].
output: every STEP-th.  grad/T: gradients.  noise/KIND: the largest
difference between this run in double and the same in float, the unit for tolerances.
"""
import torch
import torch.nn.functional as F

SEED, BATCH, HEIGHT, WIDTH, CHANNELS, STEP = 3, 3, 104, 6, 1, 7
OUTPUTS, SKIP_WIDTH, HEAD_WIDTH = 2, 48, 4
# No pre-activation comes nearer to a kink of ReLU or ReLU6 than this many times the largest
# error that the float run makes in one.
MARGIN = 4


class Network:
    def __init__(self, weights, dtype, random=None):
        self.w, self.dtype, self.random = weights, dtype, random
        self.kinks = []

    def get(self, name, shape, scale, mean=0.0):
        """The tensor; where there is none yet, a random one of numbers in float."""
        if name not in self.w:
            values = mean + scale * torch.randn(shape, generator=self.random,
                                                dtype=torch.float64)
            self.w[name] = values.float().double().requires_grad_()
        return self.w[name]

    def conv(self, name, x, k, kernel=1, stride=1, dilation=1, groups=1, bias=False):
        c = x.shape[1] // groups
        weight = self.get(name + ".conv.weight", (k, c, kernel, kernel),
                          (2 / (kernel * kernel * c)) ** 0.5)
        b = self.get(name + ".conv.bias", (k,), 0.2) if bias else None
        return F.conv2d(x, weight, b, stride, dilation * (kernel // 2), dilation, groups)

    def norm(self, name, x, act):
        scale = self.get(name + ".batch_norm.scale", (x.shape[1],), 0.2, 1.0)
        shift = self.get(name + ".batch_norm.shift", (x.shape[1],), 0.2)
        x = F.batch_norm(x, None, None, scale, shift, training=True, eps=1e-5)
        if act is None:
            return x
        flat = x.detach().reshape(-1)
        self.kinks += [flat, flat - 6] if act is F.relu6 else [flat]
        return act(x)

    def conv_norm(self, prefix, step, x, k, act, **options):
        """Steps `step` and `step` + 1 of a candidate."""
        x = self.conv("%s.%d" % (prefix, step), x, k, **options)
        return self.norm("%s.%d" % (prefix, step + 1), x, act)

    def inverted_residual(self, name, x, out, stride, expand):
        c = x.shape[1]
        y = self.conv_norm(name, 0, x, expand * c, F.relu6)
        y = self.conv_norm(name, 2, y, expand * c, F.relu6, kernel=3, stride=stride,
                           groups=expand * c)
        y = self.conv_norm(name, 4, y, out, None)
        return x + y if stride == 1 and out == c else y

    def aspp(self, name, x, out, rates):
        branches = [self.conv_norm(name, 0, x, out, F.relu)]
        step = 2
        for rate in rates:
            branches.append(self.conv_norm(name, step, x, out, F.relu, kernel=3,
                                           dilation=rate))
            step += 3
        pooled = x.mean(dim=(2, 3), keepdim=True)
        pooled = self.conv_norm(name, step + 1, pooled, out, F.relu)
        branches.append(F.interpolate(pooled, x.shape[2:], mode="bilinear",
                                      align_corners=False))
        return self.conv_norm(name, step + 5, torch.cat(branches, 1), out, F.relu)

    def deeplab(self, name, x, low, size, outputs):
        low = self.conv_norm(name, 0, low, SKIP_WIDTH, F.relu)
        x = F.interpolate(x, low.shape[2:], mode="bilinear", align_corners=False)
        x = torch.cat([x, low], 1)
        x = self.conv_norm(name, 4, x, HEAD_WIDTH, F.relu, kernel=3)
        x = self.conv_norm(name, 6, x, HEAD_WIDTH, F.relu, kernel=3)
        x = self.conv(name + ".8", x, outputs, bias=True)
        return F.interpolate(x, size, mode="bilinear", align_corners=False)

    def run(self, image):
        x = self.conv_norm("stem", 0, image, 4, F.relu6, kernel=3, stride=2)
        low = self.inverted_residual("l01_copy0", x, 4, 1, 2)
        x = self.inverted_residual("l02_copy0", low, 5, 2, 2)
        x = self.inverted_residual("l03_copy0", x, 5, 1, 2)  # its stride 2 is stopped
        x = self.conv_norm("l04_copy0", 0, x, 5, F.relu, kernel=3, dilation=2)
        x = self.aspp("l05_copy0", x, 4, [24, 48, 72])
        return self.deeplab("head_task", x, low, image.shape[2:], OUTPUTS)


def run(weights, image, dtype):
    leaves = {name: w.detach().to(dtype, copy=True).requires_grad_()
              for name, w in weights.items()}
    net = Network(leaves, dtype)
    flat = net.run(image.to(dtype)).permute(0, 2, 3, 1).reshape(-1)
    factor = torch.cos(torch.arange(len(flat), dtype=torch.float64)).to(dtype)
    (flat * factor).sum().backward()
    out = {"output": flat.detach()[::STEP]}
    out.update({"grad/" + name: w.grad for name, w in leaves.items()})
    return out, torch.cat(net.kinks)


def show(name, values):
    if values.dim() == 4:
        values = values.permute(0, 2, 3, 1)
    values = values.reshape(-1).tolist()
    print(name, len(values), " ".join("%.9g" % v for v in values))


def main():
    torch.set_num_threads(1)
    for seed in range(SEED, SEED + 1000):
        random = torch.Generator().manual_seed(seed)
        image = torch.randn((BATCH, CHANNELS, HEIGHT, WIDTH), generator=random).double()
        weights = {}
        Network(weights, torch.float64, random).run(image)
        exact, kink = run(weights, image, torch.float64)
        rounded, kink32 = run(weights, image, torch.float32)
        if kink.abs().min() > MARGIN * (kink - kink32.double()).abs().max():
            break
    else:
        raise SystemExit("no seed keeps away from the kinks")
    noise = {}
    for name, values in exact.items():
        kind = name.split("/")[0]
        difference = (values - rounded[name].double()).abs().max().item()
        noise[kind] = max(noise.get(kind, 0), difference)
    show("image", image)
    for name, values in weights.items():
        show("weight/" + name, values.detach())
    for name, values in exact.items():
        show(name, values)
    for kind, value in noise.items():
        show("noise/" + kind, torch.tensor([value]))


main()
