"""Cards of an accelerator, of which none is here: what is told of them, names of records, a worker for each."""

import pytest
from omegaconf import OmegaConf

from zobench import accelerators, store, surroundings
from zobench.command import cards, job


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with so many cards, and the plugin of jax for them or not."""
    for name in ("JAX_PLATFORMS", "JAX_PLATFORM_NAME", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)

    def has(many, plugin=True):
        for i in range(many):
            (tmp_path / f"nvidia{i}").touch()
        cuda = accelerators.KINDS[0]._replace(devices=f"{tmp_path}/nvidia[0-9]*")
        monkeypatch.setattr(accelerators, "KINDS", (cuda,))
        monkeypatch.setattr(accelerators, "_has", lambda name: plugin)

    return has


def test_what_jax_will_take_is_told_without_it(machine, monkeypatch):
    machine(0)
    assert accelerators.cards() == ("", (), "")
    machine(2, plugin=False)
    assert accelerators.cards() == ("", (), "")
    machine(2)
    assert accelerators.cards()[:2] == ("cuda", ("0", "1"))
    for hidden, seen in (("1", ("1",)), ("", ()), ("-1", ()), ("0,1", ("0", "1"))):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert accelerators.cards().visible == seen
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert accelerators.cards() == ("", (), "")
    monkeypatch.setenv("JAX_PLATFORMS", "cuda,cpu")
    assert accelerators.cards().kind == "cuda"


def test_records_of_an_accelerator_have_other_names(machine, monkeypatch):
    machine(0)
    here = store.key({}, [])
    assert "accelerator" not in surroundings.numeric_environment()
    machine(1)
    assert store.key({}, []) != here
    monkeypatch.setattr(job.build, "key", lambda config: store.key(config, []))
    assert job._is_name(store.key({}, []), {}) and job._is_name(here, {})  # planned where there was none
    assert not job._is_name("another", {})
    there = store.key({}, [])
    monkeypatch.setattr(accelerators, "KINDS", ())
    assert not job._is_name(there, {})
    assert store.key({}, []) == here


@pytest.mark.parametrize(("many", "asked", "jobs"), [(0, -1, -1), (1, -1, 1), (3, -1, 3), (1, 4, 4), (3, 2, 2)])
def test_joblib_starts_as_many_workers_as_there_are_cards_unless_it_is_told(machine, many, asked, jobs):
    machine(many)
    cfg = OmegaConf.create({"hydra": {"launcher": {"_target_": "a.hydra_joblib_launcher.b", "n_jobs": asked}}})
    cards.fit(cfg)
    assert cfg.hydra.launcher.n_jobs == jobs


def test_a_worker_sees_one_card_that_no_other_worker_has(machine, monkeypatch):
    machine(1)
    monkeypatch.setattr(cards, "_claims", [])
    cards.claim(1)
    assert "CUDA_VISIBLE_DEVICES" not in cards.os.environ
    seen = []
    for _ in range(3):
        machine(3)
        cards.claim(-7)
        seen.append(cards.os.environ["CUDA_VISIBLE_DEVICES"])
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert seen == ["0", "1", "2"]
    cards._claims.pop(1).close()
    cards.claim(-7)
    assert cards.os.environ["CUDA_VISIBLE_DEVICES"] == "1"
    for place in cards._claims:
        place.close()
