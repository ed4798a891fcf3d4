"""Draw images/heatmaps.png, the figure of the README: what networks look at in scenes whose one red object decides.

Run it by hand, ``python docs/heatmaps.py``: networks that were not trained yet are trained first, minutes each.
"""

from pathlib import Path

import numpy as np

from assay.explain import explain, image, scenes
from assay.explain.models import named

ROWS = (("scenes-cnn", "epsilon-gamma-box"), ("scenes-resnet", "epsilon-gamma-box"))
SCENES, SEED = 6, 3  # the first ones of explain/ground-truth, on which no network was trained
SCALE, MARGIN, FRAME = 2, 2, (214, 214, 214)


def main() -> None:
    """Write the figure."""
    images, labels, _ = scenes.render(SCENES, SEED)
    rows = [image.picture(images)]
    for name, composite in ROWS:
        network = named(name)
        found = explain(network, network.from_unit(images), labels, composite=composite)
        right = int((found.output.argmax(1) == labels).sum())
        print(f"{name}: {right} of {SCENES} right")
        rows.append(image.to_rgb(found.relevance, "bwr", percentile=99.5))
    pixels = image.enlarge(np.concatenate(rows), SCALE)
    target = Path(__file__).parent / "images" / "heatmaps.png"
    image.save(target, image.grid(pixels, columns=SCENES, margin=MARGIN, colour=FRAME))
    print(f"{target.name}: {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
