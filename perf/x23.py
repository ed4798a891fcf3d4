"""X23 with chgnet-0.3.0+d3: assay against the usual way, alternated, models loaded; and whole commands from cold.

The usual way: one process with two threads that does energy + forces + stress single points with chgnet's own
calculator, one structure after the other, and D3(BJ) by torch-dftd with the same cut-offs. Energies must agree to
1e-5 eV per atom before a ratio is printed. Needs the X23 data (ASSAY_MIRROR) and the extra `dev`.
"""

import io
import json
import os
import selectors
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = int(os.environ.get("ROUNDS", "3"))
MODEL, BENCHMARK = "chgnet-0.3.0+d3", "atoms/x23"
TOLERANCE = 1e-5  # eV per atom


# -- the usual way, in a process of its own: a line in, a round out


def usual():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import torch
    from ase import units
    from chgnet.model.dynamics import CHGNetCalculator
    from torch_dftd.torch_dftd3_calculator import TorchDFTD3Calculator

    torch.set_num_threads(2)
    # The shipped calculator takes a model; with none it loads 0.3.0.
    chgnet = CHGNetCalculator(use_device="cpu")
    dispersion = TorchDFTD3Calculator(device="cpu", damping="bj", xc="pbe", cutoff=40 * units.Bohr,
                                      cnthr=40 * units.Bohr, dtype=torch.float64, abc=False)
    structures = x23_structures()
    usual_energy(structures[0][1], chgnet, dispersion)
    print("ready", file=out, flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        energies = {name: usual_energy(atoms, chgnet, dispersion) for name, atoms in structures}
        print(json.dumps({"seconds": time.perf_counter() - started, "energies": energies}), file=out, flush=True)


def usual_energy(atoms, chgnet, dispersion):
    total = 0.0
    for calculator in (chgnet, dispersion):
        atoms.calc = calculator
        total += float(atoms.get_potential_energy())
        if calculator is chgnet:
            atoms.get_forces()
            atoms.get_stress()
    return total


def x23_structures():
    """Return (name, structure) of the 23 crystals and molecules, molecules in a box with 20 A around them."""
    from assay.atoms import molcrys
    from assay.atoms.structures import boxed
    from assay.core.registry import registry

    folder = registry.load().benchmark(BENCHMARK).path("x23")
    found = []
    for case in registry.benchmark(BENCHMARK).cases():
        solid, molecule = molcrys.structures(folder, case.id)
        found += [(f"{case.id} crystal", solid), (f"{case.id} molecule", boxed(molecule))]
    return found


# -- assay, with two loaded workers


class Crew:
    """Two workers that have loaded everything, as a run has them after its first case."""

    def __init__(self, log):
        from assay.core.registry import registry
        from assay.core.worker import Job
        from assay.flow.process import WorkerProcess

        registry.load()
        self.benchmark = registry.benchmark(BENCHMARK)
        self.cases = sorted(self.benchmark.checked_cases(), key=lambda case: -case.cost)
        job = Job(registry.model(MODEL).to_json(), registry.families["atoms"].wrap, None, list(sys.path))
        self.workers = [WorkerProcess(job, None, log, threads=1) for _ in range(2)]
        self.selector = selectors.DefaultSelector()
        for worker in self.workers:
            self.selector.register(worker, selectors.EVENT_READ, worker)
        self.answer(dict.fromkeys(self.workers), [])
        self.answer({}, [self.cases[-1]] * 2)

    def round(self):
        started = time.perf_counter()
        answers = self.answer({}, list(self.cases))
        return {"seconds": time.perf_counter() - started, "energies": energies_of(answers)}

    def answer(self, busy, cases):
        """Deal the cases, dearest first, to whoever is free; returns the messages by case id."""
        answers = {}
        for worker in self.workers:
            if worker not in busy and cases:
                busy[worker] = self.ask(worker, cases.pop(0))
        while busy:
            for key, _ in self.selector.select():
                for message in key.data.messages()[0]:
                    answers[busy.pop(key.data)] = message
                    if cases:
                        busy[key.data] = self.ask(key.data, cases.pop(0))
        return answers

    def ask(self, worker, case):
        worker.ask(self.benchmark.reference(), case)
        return case.id


def energies_of(answers):
    from ase.io import read

    from assay.core.worker import decoded

    found = {}
    for case, message in answers.items():
        record = decoded(message)
        assert record.status == "ok", record.reason
        for name, artefact in record.artefacts.items():
            atoms = read(io.StringIO(artefact.data.decode()), format="extxyz")
            found[f"{case} {name}"] = float(atoms.get_potential_energy())
    return found


# -- the races


def loaded_race(other, log):
    crew = Crew(log)
    times = {"usual": [], "assay": []}
    sizes = {name: len(atoms) for name, atoms in x23_structures()}
    for _ in range(ROUNDS):
        ours, theirs = crew.round(), asked(other)
        worst = max(abs(ours["energies"][name] - energy) / sizes[name] for name, energy in theirs["energies"].items())
        assert worst < TOLERANCE, f"energies differ by {worst:.1e} eV per atom"
        times["usual"].append(theirs["seconds"])
        times["assay"].append(ours["seconds"])
    errors = [mae(found["energies"]) for found in (theirs, ours)]
    assert abs(errors[0] - errors[1]) < 0.01, f"MAE differ: {errors}"
    usual_seconds, ours_seconds = (statistics.median(values) for values in times.values())
    print(f"models loaded   usual {usual_seconds:6.2f} s   assay {ours_seconds:6.2f} s   "
          f"{usual_seconds / ours_seconds:5.1f} times faster   (energies agree to {worst:.1e} eV per atom, "
          f"MAE {errors[0]:.4f} and {errors[1]:.4f} kJ/mol)")
    for worker in crew.workers:
        worker.kill()


def mae(energies):
    """Return the mean absolute error of the lattice energies in kJ/mol."""
    from ase.units import kJ, mol

    from assay.atoms import molcrys
    from assay.core.registry import registry

    folder, errors = registry.benchmark(BENCHMARK).path("x23"), []
    for case in registry.benchmark(BENCHMARK).cases():
        n = molcrys.molecules_in(*molcrys.structures(folder, case.id))
        lattice = (energies[f"{case.id} crystal"] / n - energies[f"{case.id} molecule"]) / (kJ / mol)
        errors.append(abs(lattice - molcrys.references(folder, case.inputs["number"])["reference"]))
    return statistics.mean(errors)


def cold_race():
    times = {"usual": [], "assay": [], "again": []}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        process = start_usual()
        asked(process)
        process.kill()
        times["usual"].append(time.perf_counter() - started)
        with tempfile.TemporaryDirectory() as home:
            data = Path(os.environ["ASSAY_CACHE"], "data")
            shutil.copytree(data, Path(home, "cache", "data")) if data.is_dir() else None
            folders = {"ASSAY_HOME": home, "ASSAY_CACHE": f"{home}/cache", "ASSAY_EVAL_CACHE": "1"}
            for name in ("assay", "again"):
                times[name].append(command_seconds({**os.environ, **folders}))
    cold = {name: statistics.median(values) for name, values in times.items()}
    print(f"whole command   usual {cold['usual']:6.2f} s   assay {cold['assay']:6.2f} s   "
          f"{cold['usual'] / cold['assay']:5.1f} times faster;   the same again {cold['again']:.2f} s")


def command_seconds(variables):
    command = [sys.executable, "-m", "assay", "run", "-b", BENCHMARK, "-m", MODEL]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=variables, capture_output=True)
    return time.perf_counter() - started


def start_usual():
    process = subprocess.Popen([sys.executable, __file__, "--usual"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    assert process.stdout.readline() == "ready\n"
    return process


def asked(process):
    process.stdin.write("go\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main():
    os.environ.setdefault("ASSAY_CACHE", tempfile.mkdtemp())
    os.environ["ASSAY_EVAL_CACHE"] = "0"
    other = start_usual()
    with tempfile.TemporaryFile() as log:
        loaded_race(other, log)
    other.kill()
    cold_race()


if __name__ == "__main__":
    usual() if "--usual" in sys.argv else main()
