"""A third party's package: a family of its own, found by its entry point on PYTHONPATH."""

from assay import Model, register_family, register_model

register_family("toy")

for name, loader, options in (
    ("exact", "adder", {}),
    ("biased", "adder", {"bias": 0.5}),
    ("noisy", "adder", {"noise": 2.0}),
    ("unloadable", "unloadable", {}),
    ("missing-package", "missing_package", {}),
    ("dies", "dies", {}),
    ("sleeper", "sleeper", {"seconds": 60.0}),
):
    register_model(Model(name=f"toy-{name}", family="toy", loader=f"assay_toy.models:{loader}", options=options,
                         licence="Apache-2.0", meta={"kind": "adder"}))
register_model(Model(name="toy-positive", family="toy", loader="assay_toy.models:adder", options={"bias": 0.1},
                     meta={"positive_only": True}))

import assay_toy.benchmarks  # noqa: E402, F401  (importing it registers them)
