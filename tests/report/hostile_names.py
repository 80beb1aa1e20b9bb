"""Names of classes and titles that a careless page would run or misread."""

ATTACK = "</script><script>window.attacked = true</script>"
CLASSES = [ATTACK, 'a "quoted" & <b>bold</b> class', "\u5c71\u8109 with spaces"]
TITLES = {"first": f"First {ATTACK} \u5c71 {{x}} & \"q\" 'a'", "second": "Data", "third": "Data"}
