"""Every `zobench ...` of README and docs, and every Python snippet: run, small; composed alone where it says why."""

import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from zobench.__main__ import _own_configs, main
from zobench.command import advise, compose

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/*.md")),
    *ROOT.glob("docs/theory/*.md"),
]
COMPOSED = {  # a word of the command, and why it is composed and not run
    "hydra/launcher=slurm": "needs Slurm: test_slurm",
    "hydra/launcher=ray": "needs Ray: test_ray",
    "JAX_PLATFORMS=cuda": "needs an accelerator",
    "problem=language_model": "half a minute to compile: tests/problems/test_language_model.py",
    "experiment=": "minutes: test_experiments runs its quick variant",
}
WHOLE = ("black_boxes.md", "own_data.md")  # pages whose blocks are run word for word, by tests of their own
CODES = {  # what does not end with 0, as the text around it says
    "zobench problem._target_=os.system": 2,
    "zobench problem.dim=1000000000000": 2,
    "zobench --config-dir downloaded problem=nice": 2,
    "zobench compare runs@jax==0.10.0 runs@jax==0.10.2": 2,  # this store has no records of these versions
    "zobench compare runs": 2,  # nor two records of one config
    "zobench check": 2,
    "zobench advise": 2,  # what it asks for
}
NAMES = {"problem=NAME": "problem=quadratic", "report NAME": "report slowdown", "exponents trust": "slowdown trust"}
PACKAGE = "from zobench.problems import quadratic\n\ndef {name}(dim=8):\n    return quadratic(dim)\n"


def commands():
    """Each once, without its comment; of prose what stands in backticks. Those with dots say how, not what."""
    found = {}
    for path in DOCUMENTS:
        prose, blocks = [], []
        for i, part in enumerate(re.split(r"^```", path.read_text(), flags=re.MULTILINE)):
            language, _, code = part.partition("\n")
            prose += [] if i % 2 else [part]
            blocks += [code] if i % 2 and language in ("", "sh") and path.name not in WHOLE else []
        lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
        lines += re.findall(r"`((?:[A-Z_]+=\S+ )*zobench [^`]+)`", "".join(prose))
        for line in lines:
            for part in re.split(r"&&", line):
                words = shlex.split(part, comments=True) if re.match(r"\s*([A-Z_]+=\S+ )*zobench ", part) else []
                if words and "..." not in words:
                    found[shlex.join(words).replace("'", "")] = words
    return found


COMMANDS = commands()


def why_composed(words):
    if "list" in words or any(word.startswith("experiment=quick/") for word in words):
        return ""
    return next((why for key, why in COMPOSED.items() if any(word.startswith(key) for word in words)), "")


def small(words):
    """The same command with one seed and a small budget, in this process, without a page unless it is about one."""
    if re.fullmatch(r"[a-z]+", words[0]) or "list" in words:
        return words
    words = ["seeds=1" if word.startswith("seeds=") else word for word in words]
    words = ["hydra/launcher=basic" if word.startswith("hydra/launcher=joblib") else word for word in words]
    words += [] if any(word.startswith("stop.") for word in words) else ["stop.gd_iterations=1"]
    if any(word.startswith("experiment=") for word in words):
        return [word for word in words if not word.startswith("stop.")] + ["hydra/launcher=basic"]
    is_sweep, has_page = "-m" in words, any(word.startswith("report") for word in words)
    return words + ["tuning.tries=1", "tuning.seeds=1"] + ["report=null"] * (is_sweep and not has_page)


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder as one has it after some work: records of two stores, files of one's own, a config from somebody."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run("-m", "problem.dim=5,10", "seeds=2", "stop.gd_iterations=1") == 0
        assert run("experiment=quick/slowdown", "hydra/launcher=basic", "report=slowdown") == 0
    for name in ("old", "new"):
        shutil.copytree(folder / "runs", folder / name / "runs")
    (folder / "mine" / "problem").mkdir(parents=True)
    (folder / "mine" / "problem" / "own.yaml").write_text("_target_: my_file.my_problem\n")
    for package, name in {"my_file": "my_problem", "their_package": "nice", "my_package": "mine"}.items():
        (folder / f"{package}.py").write_text(PACKAGE.format(name=name))
    text = "".join((ROOT / "docs" / name).read_text() for name in ("extending.md", "referee.md"))
    for name, code in re.findall(r"```(?:python|yaml)\n# (\S+\.(?:py|yaml))\n(.*?)```", text, re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
    for config, target in {"my_conf": "valley: my_problem.valley", "downloaded": "nice: their_package.nice"}.items():
        name, _, factory = target.partition(": ")
        (folder / config / "problem").mkdir(parents=True)
        (folder / config / "problem" / f"{name}.yaml").write_text(f"_target_: {factory}\ndim: 8\n")
    (folder / "summation" / "__init__.py").touch()
    return folder


@pytest.fixture
def work(kept, tmp_path, monkeypatch):
    folder = shutil.copytree(kept, tmp_path / "work")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", [name for name, words in COMMANDS.items() if not why_composed(words)])
def test_a_command_runs(command, work, monkeypatch, capsys):
    said = command
    for written, meant in NAMES.items():
        said = said.replace(written, meant)
    words = shlex.split(said) if said != command else COMMANDS[command]
    start = words.index("zobench")
    for word in words[:start]:
        monkeypatch.setenv(*word.split("=", 1))
    code = run(*small(words[start + 1 :]))
    assert code == CODES.get(command, 0), capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [name for name, words in COMMANDS.items() if why_composed(words)],
    ids=lambda c: f"{why_composed(COMMANDS[c])} | {c}",
)
def test_a_command_is_composed(command, work):
    """All its cells, checked as before they run."""
    words = COMMANDS[command]
    for launcher, plugin in {"ray": "hydra_ray_launcher", "slurm": "hydra_submitit_launcher"}.items():
        if f"hydra/launcher={launcher}" in words and not find_spec(f"hydra_plugins.{plugin}"):
            pytest.skip(f"zobench[{launcher}] is not installed")
    words = [word for word in _own_configs(words[words.index("zobench") + 1 :]) if word != "-m"]
    if words[0] == "advise":
        words = [word for word in words[1:] if word.partition("=")[0] not in advise.OPTIONS]
    with compose.session():
        overrides = compose.parse(words)
        assert compose.cells(overrides, compose.shared(overrides))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["quickstart.md", "paper_figure.md"])
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    exec(compile(snippet, page, "exec"), {})
    (made,) = tmp_path.iterdir()
    assert made.name in snippet and made.stat().st_size > 1000


def test_no_snippet_goes_untested():
    """A page with Python is named by the test that runs it."""
    tests = "".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    assert not [path.name for path in DOCUMENTS if "```python" in path.read_text() and path.name not in tests]
    assert len(COMMANDS) > 60
