"""How tests start keytool: its JVM compiles no method twice, which saves more than a third of so short a run.

Java programs that a test asks whether they trust a server are started as people start them.
"""

from __future__ import annotations

KEYTOOL = ("keytool", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC")
