#!/usr/bin/env bash
# onnx 1.12.0 (Debian 12): check_model(..., full_check=True) passes models that lack what they need.
#
# What one expects: the full check refuses a graph whose output no node makes, and weights
# with fewer bytes than their shape and type need: neither takes more than looking at names and
# counting.
# What happens: they pass.  Wrong shapes of activations are found: the check is at work.
#
# Seen:
#   output that no node makes: passes
#   two of three raw weights: passes
#   two of three plain weights: passes
#   output of another shape: refused
set -eu
apt-get install -y --no-install-recommends python3-onnx=1.12.0-2+b4 python3-numpy >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >look.py <<'END'
import numpy as np, onnx
from onnx import TensorProto, helper

def look(what, nodes, weights=(), shape=(1, 3)):
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "g", [value("x", (1, 3))], [value("y", shape)], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    try:
        onnx.checker.check_model(model, full_check=True)
        print(what + ": passes")
    except Exception:
        print(what + ": refused")

def weights(**values):
    return [TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 3], **values)]

relu = lambda y: [helper.make_node("Relu", ["x"], [y])]
add = [helper.make_node("Add", ["x", "w"], ["y"])]
look("output that no node makes", relu("z"))
look("two of three raw weights", add, weights(raw_data=np.zeros(2, "f4").tobytes()))
look("two of three plain weights", add, weights(float_data=[0, 0]))
look("output of another shape", relu("y"), shape=(7, 9))
END
/usr/bin/python3 look.py | tee seen
diff seen - <<'END'
output that no node makes: passes
two of three raw weights: passes
two of three plain weights: passes
output of another shape: refused
END
