"""Launchers of extras where what they need is not there: one line that says what to do."""

import pytest

from zobench.accelerators import Cards
from zobench.command import compose, launch, launchers, slurm
from zobench.errors import UsageError
from zobench.sweeps import Sweep

PLUGINS = "hydra_plugins.hydra_{}_launcher.launcher.Launcher"


@pytest.mark.parametrize(("plugin", "extra"), [("submitit", "slurm"), ("ray", "ray")])
def test_a_plugin_that_is_not_installed_is_named_with_its_extra(monkeypatch, plugin, extra):
    monkeypatch.setattr(launchers, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=rf"hydra/launcher={extra}: .*zobench\[{extra}\]"):
        launchers.check_installed(PLUGINS.format(plugin))
    launchers.check_installed(PLUGINS.format("joblib"))


def test_one_line_says_that_cores_are_left_over(monkeypatch, capsys):
    """Where a launcher was named, an experiment has its own, there is one cell, one core or a card: nothing to say."""
    monkeypatch.setenv("ZOBENCH_ISOLATE", "1")
    monkeypatch.setattr(launchers, "usable_cores", lambda: 8)

    def said(*arguments, cells=3):
        with compose.session():
            overrides = compose.parse(arguments)
            launchers.advise(overrides, compose.shared(overrides), cells)
        return capsys.readouterr().err

    sweep = "problem.dim=8,16,32"
    line = said(sweep)
    assert "3 cells, one after the other on one of 8 cores; hydra/launcher=joblib" in line and line.count("\n") == 1
    assert (
        said(sweep, "hydra/launcher=basic") == said(sweep, "hydra/launcher=joblib") == said("experiment=slowdown") == ""
    )
    assert said(sweep, cells=1) == ""
    with monkeypatch.context() as on_a_card:
        on_a_card.setattr(launchers, "cards", lambda: Cards("cuda", ("0",), "CUDA_VISIBLE_DEVICES"))
        assert said(sweep) == ""
    monkeypatch.setattr(launchers, "usable_cores", lambda: 1)
    assert said(sweep) == ""


def test_cells_that_go_one_after_the_other_are_one_job_and_hosts_get_one_each(monkeypatch):
    """What Hydra does for a job takes longer than a small cell."""
    monkeypatch.setattr(launch, "usable_cores", lambda: 2)
    assert launch._cells_a_job("hydra._internal.core_plugins.basic_launcher.BasicLauncher", 400) == 400
    assert launch._cells_a_job("hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher", 400) == 7
    assert launch._cells_a_job(PLUGINS.format("submitit"), 400) == 1


def test_a_machine_without_slurm_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no sbatch on this machine"):
        slurm.check_commands()


def planned(folder, array, *cells):
    sweep = Sweep(folder / "sweeps" / f"sweep-{array}")
    sweep.begin({cell: cell for cell in cells})
    (sweep.folder / ".submitit").mkdir()
    (sweep.folder / ".submitit" / f"{array}_0_submitted.pkl").touch()
    return sweep.folder


def test_arrays_are_waited_for_where_they_have_a_cell_of_this_command_and_then_forgotten(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(slurm.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(slurm.time, "sleep", lambda seconds: None)
    answers, asked = [{"12_0": "", "12_1": "Resources"}, {"12_1": "Maintenance"}, {}], []
    monkeypatch.setattr(slurm, "active", lambda ids: asked.append({*ids}) or answers.pop(0))
    monkeypatch.setattr(slurm, "_states", lambda ids: {})
    mine, other = planned(tmp_path, 12, "a", "b"), planned(tmp_path, 13, "c")
    slurm.adopt(tmp_path, ["b", "d"])
    assert asked == [{"12"}] * 3 and not slurm.jobs_of(mine) and slurm.jobs_of(other) == {"13"}
    said = capsys.readouterr().err
    assert "2 tasks with these cells" in said and "scancel 12" in said and "12_1 waits: Maintenance" in said


def test_an_array_of_a_slurm_that_cannot_be_asked_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    planned(tmp_path, 12, "a")
    slurm.adopt(tmp_path, ["a"])
    assert "array 12" in capsys.readouterr().err
