import ClusterTestKit
import JSON
import Templating
import Testing

/// Thousands of damaged templates: each is rendered, or refused with a place in it; none stops the program.
struct MutationTests {
    static let text = "a {{x}} {{{y.z}}}\r\n  {{#list}}\n{{.}}{{=<% %>=}}<%>part%>\n<%={{ }}=%>  {{/list}}\n{{! é }}{{^no}}{{&x}}{{/no}}\n"

    @Test func noDamageStopsTheParser() throws {
        var random = SeededGenerator(seed: 7)
        let original = Array(Self.text.unicodeScalars)
        let context: JSON = ["x": 1, "y": ["z": "<"], "list": ["one", "two"], "no": .null]
        let partials = ["part": try Template("[{{x}}\n]", name: "part")]
        var refused = 0
        for _ in 0..<4000 {
            var scalars = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<scalars.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: scalars.remove(at: place)
                case 1: scalars.insert(original.randomElement(using: &random) ?? "x", at: place)
                default: scalars[place] = "{}#^/>!&=<%. \n\té".unicodeScalars.randomElement(using: &random) ?? "x"
                }
            }
            var damaged = String.UnicodeScalarView()
            damaged.append(contentsOf: scalars)
            do {
                _ = try Template(String(damaged), name: "damaged").render(context, partials: partials)
            } catch {
                refused += 1
                #expect(error.line >= 1 && error.column >= 1 && !error.reason.isEmpty)
            }
        }
        #expect(refused > 500)
    }
}
