"""What is kept of whom (data.md): a row for every table there is and none for others, and no table tells more than its class says."""
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import cluster  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = "tests/security/data.md"
CLASSES = ["public", "internal", "personal", "secret"]
# What a column of this name holds, wherever it is.
TELLING = {
    "personal": r"(^|_)(email|recipient|phone|line1|user_id|account_id|customer_id|customer_key|staff_id|actor_id|ip|user_agent|network|contact)$|_address$|^email_",
    "secret": r"^token_hash$|^(code|challenge|password)_hash$|^private_|^secret$",
}
# Columns that are called so and hold nothing of the kind.
HARMLESS = {"payment.entry.account"}
COLUMNS = """select json_build_array(n.nspname || '.' || c.relname, a.attname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"""


class DataTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = cluster.Scratch(ROOT)
        cls.addClassCleanup(scratch.stop)
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", scratch.dir, "-p", cluster.PORT, "-U", "postgres", "-d", cluster.TEMPLATE, "-c", COLUMNS],
                              stdout=subprocess.PIPE, check=True, text=True)
        cls.columns = [json.loads(line) for line in done.stdout.splitlines()]
        cls.rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in (ROOT / DOCUMENT).read_text(encoding="utf-8").splitlines() if re.match(r"\| `\w+\.\w+` \|", line)]
        cls.classes = {row[0].strip("`"): row[1] for row in cls.rows}

    def test_every_table_has_its_row(self):
        there = {table for table, _ in self.columns}
        self.assertEqual(sorted(there - self.classes.keys()), [], f"no row in {DOCUMENT}")
        self.assertEqual(sorted(self.classes.keys() - there), [], f"in {DOCUMENT}, and gone")
        self.assertEqual(len(self.rows), len(self.classes), "a table has two rows")

    def test_rows_are_whole(self):
        """Class, what for, and how long and who ends it."""
        self.assertEqual([row[0] for row in self.rows if len(row) != 4 or row[1] not in CLASSES or not all(row)], [])

    def test_no_table_tells_more_than_its_class(self):
        faults = [f"{table}.{column} makes it {needed}, and it is called {self.classes[table]}" for table, column in self.columns for needed, pattern in TELLING.items()
                  if re.search(pattern, column) and f"{table}.{column}" not in HARMLESS and CLASSES.index(self.classes[table]) < CLASSES.index(needed)]
        self.assertEqual(faults, [])


if __name__ == "__main__":
    unittest.main()
