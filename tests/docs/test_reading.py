"""How the manual is read by the tests of its commands."""

from pathlib import Path

from kit.manual import Command, File, steps

PAGE = """# Page

Write `functions/a/app.py`:

```python
import json
```

    $ curl 'http://127.0.0.1:8000/a' \\
        -d 1
    {"a": 1}
    $ terraform apply

    TABLE=a berth run --port 1

    START RequestId: a

- a list
    that goes on

| do | `curl http://127.0.0.1:8000/b` |

```yaml
    steps:
      - run: pytest
```
"""


def test_page_is_read_as_files_and_commands_with_their_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert list(steps(page)) == [
        File("functions/a/app.py", "import json\n"),
        Command("page.md:9", "curl 'http://127.0.0.1:8000/a' -d 1", ('{"a": 1}',)),
        Command("page.md:12", "terraform apply"),
        Command("page.md:14", "TABLE=a berth run --port 1"),
        Command("page.md:25", "pytest"),
        Command("page.md:21", "curl http://127.0.0.1:8000/b"),
    ]
