import JSON
import Testing
import YAML

struct YAMLTests {
    func json(_ text: String) throws -> JSON? { try YAML.parse(text, source: "t.yaml")?.json() }

    func problem(_ text: String, limits: YAML.Limits = YAML.Limits()) -> String {
        do throws(YAMLError) {
            _ = try YAML.parse(text, source: "t.yaml", limits: limits)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test(
        arguments: [
            ("no", .string("no")), ("NO", .string("NO")), ("on", .string("on")), ("y", .string("y")), ("true", .bool(true)),
            ("False", .bool(false)), ("tRue", .string("tRue")), ("null", .null), ("~", .null), ("", .null), ("12", .int(12)),
            ("-7", .int(-7)),
            ("+7", .int(7)), ("0o17", .int(15)), ("0x1F", .int(31)), ("017", .int(17)), ("1_000", .string("1_000")), ("1.5", .double(1.5)),
            (".5", .double(0.5)), ("1.", .double(1)), ("1e3", .double(1000)), ("-1.e-2", .double(-0.01)), ("+.inf", .double(.infinity)),
            ("-.Inf", .double(-.infinity)), ("12:30:45", .string("12:30:45")), ("2001-12-14", .string("2001-12-14")), (".", .string(".")),
            ("-", .string("-")), ("--1", .string("--1")), ("0x", .string("0x")), ("0o8", .string("0o8")), ("0x-1", .string("0x-1")),
            ("1e", .string("1e")), ("9223372036854775807", .int(.max)), ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            ("'12'", .string("12")), ("\"\"", .string("")), ("!!str 12", .string("12")), ("!!float 1", .double(1)), ("! 12", .string("12")),
            ("!!int 0x10", .int(16)), ("!!bool true", .bool(true)), ("!!null ''", .null),
        ] as [(String, YAMLScalar.Value)])
    func scalarsFollowTheCoreSchema(text: String, value: YAMLScalar.Value) throws {
        // A lone dash is an entry of a sequence where it stands at the start of a line.
        let node = try #require(try YAML.parse("[\(text.isEmpty ? "~" : text)]", source: "t.yaml"))
        guard text != "-" else { return }
        guard case .scalar(let scalar) = try node.sequence()[0].content else {
            Issue.record("not a scalar")
            return
        }
        #expect(scalar.value == value)
    }

    @Test func nanIsANumber() throws {
        let node = try #require(try YAML.parse("a: .nan", source: "t.yaml")?["a"])
        #expect(node.kind == "a number")
        #expect(throws: YAMLError.self) { try node.json() }
    }

    @Test func collectionsScalarsAndStyles() throws {
        let text = """
            # a comment
            list: [1, two, {a: b}]
            block: |
              line one
                indented
            folded: >-
              one
              line

              two
            quoted: "tab\\t\\u00e9"
            single: 'it''s'
            empty:
            nested:
            - - a
            - b: c
            """
        #expect(
            try json(text) == [
                "list": [1, "two", ["a": "b"]], "block": "line one\n  indented\n", "folded": "one line\ntwo", "quoted": "tab\té",
                "single": "it's", "empty": .null, "nested": [["a"], ["b": "c"]],
            ])
        #expect(try json("# nothing\n") == nil)
        #expect(try json("%YAML 1.1\n---\na: 1\n...\n") == ["a": 1])
        #expect(try json("\u{FEFF}a: 1\r\nb: 2\r\n") == ["a": 1, "b": 2])
    }

    @Test func aliasesStandForTheirAnchor() throws {
        #expect(try json("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n") == ["a": [1, 2], "b": [1, 2], "c": 3, "d": 3])
    }

    @Test func mergeKeysFillWhatIsAbsent() throws {
        let text = """
            one: &one {a: 1, b: 1}
            two: &two {b: 2, c: 2}
            single: {<<: *one, b: own}
            several: {<<: [*one, *two], d: own}
            late: {b: own, <<: *one}
            text: {"<<": plain}
            """
        let root = try #require(try json(text))
        #expect(root["single"] == ["a": 1, "b": "own"])
        #expect(root["several"] == ["a": 1, "b": 1, "c": 2, "d": "own"])
        #expect(root["late"] == ["a": 1, "b": "own"])
        #expect(root["text"] == ["<<": "plain"])
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key 'a' is given twice; first on line 1"),
        ("a: {\"x\": 1, x: 2}", "t.yaml:1:13: the key 'x' is given twice; first on line 1"),
        ("a: *none", "t.yaml:1:4: the alias *none has no anchor before it"),
        ("a: &x [1, *x]", "t.yaml:1:11: the alias *x stands inside its own anchor"),
        ("---\na: 1\n---\nb: 2\n", "t.yaml:3:1: a second document begins here; one is expected"),
        ("? [a]\n: b\n", "t.yaml:1:3: a key must be a scalar, not a sequence"), ("a: !ruby/object x", "t.yaml:1:4: the tag '!ruby/object'"),
        ("a: !!set {x}", "t.yaml:1:4: the tag 'tag:yaml.org,2002:set' is not known here; expected !!map"),
        ("a: !!int x", "t.yaml:1:4: the scalar does not have the form of its tag"),
        ("a: {<<: 1}", "t.yaml:1:5: << merges a mapping or a sequence of mappings, not a number"),
        ("a: {<<: [1]}", "t.yaml:1:5: << merges mappings, not a number"),
        ("a: {<<: {}, <<: {}}", "t.yaml:1:13: the merge key << is given twice"),
        ("a: [1, 2\nb: 3\n", "t.yaml:2:"), ("a:\n\t- b\n", "t.yaml:2:1: "), ("a: 'open", "t.yaml:1:"), ("a: b: c", "t.yaml:1:5: "),
        ("a: \"\\q\"", "t.yaml:1:"), ("- a\nb: c\n", "t.yaml:2:1: "), ("a: \u{1}", "t.yaml:1:4: control characters are not allowed"),
    ])
    func malformedTextsAreNamedWithTheirPlace(text: String, expected: String) {
        #expect(problem(text).hasPrefix(expected), "\(problem(text))")
    }

    @Test func bytesThatAreNotUTF8AreNamedWithTheirPlace() {
        #expect(throws: YAMLError(source: "b", mark: YAMLMark(line: 2, column: 4), reason: "invalid leading UTF-8 octet")) {
            try YAML.parse(bytes: Array("a: 1\nb: ".utf8) + [0xFF], source: "b")
        }
    }

    @Test func aliasBombsAndDepthAreBounded() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            bomb += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect(problem(bomb).contains("more than 200000 nodes"))
        #expect(problem(String(repeating: "[", count: 5000)).contains("nested deeper than 64 levels"))
        var deep = "a0: &a0 [x]\n"
        for level in 1...80 { deep += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(problem(deep).contains("nested deeper than 64 levels"))
        var limits = YAML.Limits()
        limits.bytes = 10
        #expect(problem("a: 1234567890", limits: limits).contains("longer than 10 bytes"))
    }

    @Test func decodingNamesLineAndColumn() throws {
        let root = try #require(try YAML.parse("port: high\nlist:\n  - 1\n  - x: 2\nversion: 1.10\n", source: "t.yaml"))
        func problem(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(problem { _ = try root.required("port").int() } == "t.yaml:1:7: expected a whole number, found text")
        #expect(problem { _ = try root.required("list").sequence()[1].string() } == "t.yaml:4:5: expected text, found a mapping")
        #expect(problem { _ = try root.required("list").sequence()[0].int(in: 2...3) } == "t.yaml:3:5: expected a number from 2 to 3")
        #expect(problem { _ = try root.required("version").string() } == "t.yaml:5:10: expected text, found a number")
        #expect(try root.required("version").scalarText() == "1.10")
        #expect(problem { _ = try root.required("none") } == "t.yaml:1:1: the key 'none' is missing")
        #expect(problem { _ = try root.mapping(known: ["port", "list"]) } == "t.yaml:5:1: unknown key 'version'; known are list, port")
        #expect(problem { _ = try root.required("port").bool() } == "t.yaml:1:7: expected true or false, found text")
    }
}
