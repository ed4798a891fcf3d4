"""From a request in plain words to the right shell command, safely, and an honest measure of who can do it."""
