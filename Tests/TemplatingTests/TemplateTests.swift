import ClusterCore
import JSON
import Templating
import Testing

struct TemplateTests {
    func render(_ text: String, _ context: JSON, partials: [String: String] = [:]) throws -> String {
        var parsed: [String: Template] = [:]
        for (name, text) in partials { parsed[name] = try Template(text, name: name) }
        return try Template(text, name: "a.conf").render(context, partials: parsed)
    }

    func problem(_ text: String, _ context: JSON = [:], partials: [String: String] = [:]) -> String {
        do {
            return "no error: " + (try render(text, context, partials: partials))
        } catch {
            return "\(error)"
        }
    }

    @Test func configurationIsNotEscaped() throws {
        #expect(try render("a {{x}} {{{x}}} {{&x}}\n", ["x": "<\"&'>"]) == "a <\"&'> <\"&'> <\"&'>\n")
        let html = try Template("{{x}}", name: "h").render(["x": "<\"&>"], options: .specification)
        #expect(html == "&lt;&quot;&amp;&gt;")
    }

    @Test func anUnknownNameIsNamedWithItsPlace() {
        #expect(problem("one\n  é {{nope}}\n") == "a.conf:2:5: the name 'nope' is not known here")
        #expect(problem("{{#a}}{{b.c}}{{/a}}", ["a": ["b": [:]]]) == "a.conf:1:7: the name 'b.c' is not known here")
        #expect(problem("{{^gone}}x{{/gone}}") == "a.conf:1:1: the name 'gone' is not known here")
        #expect(problem("x\n   {{>p}}\n", partials: ["p": "1\n22{{no}}\n"]) == "p:2:3: the name 'no' is not known here")
        #expect(problem("{{>other}}") == "a.conf:1:1: there is no partial 'other'")
    }

    @Test func nullIsKnownAndEmpty() throws {
        #expect(try render("[{{x}}{{#x}}a{{/x}}{{^x}}b{{/x}}]", ["x": .null]) == "[b]")
    }

    @Test func scalarsAreWrittenPlainly() throws {
        #expect(try render("{{i}} {{d}} {{b}}", ["i": 7, "d": 0.25, "b": true]) == "7 0.25 true")
        #expect(problem("{{l}}", ["l": [1]]) == "a.conf:1:1: 'l' is array and can't be written as a text")
    }

    @Test(arguments: [
        ("a {{b", "1:3: this tag has no end"), ("{{#a}}\n{{#b}}\n{{/b}}\n", "1:1: the section 'a' has no end"),
        ("{{#a}}\n{{/b}}", "2:1: the end of the section 'b' where 'a' of line 1 is open"),
        ("{{/a}}", "1:1: the end of the section 'a', which was not begun"), ("{{=<%=}}", "1:1: new delimiters are two words"),
        ("{{a b}}", "1:1: 'a b' is not a name"), ("{{}}", "1:1: '' is not a name"), ("{{<parent}}{{/parent}}", "1:1: inheritance is not"),
        ("{{>*dynamic}}", "1:1: dynamic names are not"), ("{{>}}", "1:1: a partial without a name"),
    ])
    func whatDoesNotParseIsNamedWithItsPlace(text: String, reason: String) {
        #expect(problem(text).hasPrefix("a.conf:" + reason))
    }

    @Test func aPartialThatIncludesItselfForEverEnds() {
        #expect(problem("{{>p}}", partials: ["p": "x{{>p}}"]).contains("partials nested deeper than 64"))
    }

    @Test func aFileReplacesTheEmbeddedTemplate() throws {
        let path = "/tmp/template-test-\(UInt64.random(in: 0 ... .max))"
        defer { try? Files.remove(path) }
        try Files.write(path, "of the file: {{x}}".utf8)
        #expect(try Template(embedded: "embedded", name: "e", overriddenBy: path).render(["x": 1]) == "of the file: 1")
        #expect(try Template(embedded: "embedded", name: "e", overriddenBy: nil).render([:]) == "embedded")
        #expect(throws: ClusterError.self) { try Template(embedded: "", name: "e", overriddenBy: path + "-none") }
        try Files.write(path, "{{#x}}".utf8)
        #expect { try Template(embedded: "", name: "e", overriddenBy: path) } throws: { "\($0)".contains("\(path):1:1: the section 'x'") }
    }
}
