import ClusterCore
import JSON
import Settings
import Supervision

extension Entrypoint {
    /// The `plan` subcommand: a dry run.
    static func plan<C: Component>(
        _ component: C.Type, _ schema: SettingsSchema, factsFile: String?, asJSON: Bool, onlyFacts: Bool
    ) async throws(ClusterError) -> ExitStatus {
        let settings: ResolvedSettings
        do throws(SettingsErrors) {
            settings = try SettingsLoader(schema: schema).load(environment: ProcessEnvironment.current)
        } catch {
            complain(schema.component, error.description)
            return .settings
        }
        let facts: C.Facts
        if let factsFile {
            let json: JSON
            do {
                json = try JSON(parsing: try Files.text(factsFile, limit: 1 << 20))
            } catch {
                throw ClusterError(.invalid, "can't read facts from \(factsFile)", cause: error)
            }
            facts = try C.Facts(json: json)
        } else {
            facts = try await C.gatherFacts(settings, host: .gather())
        }
        if onlyFacts {
            print(facts.json.text(pretty: true))
            return .success
        }
        do throws(PlanRefusal) {
            let plan = try C.plan(settings, facts: facts).adjusted(by: settings)
            let document: JSON = ["facts": facts.json, "plan": plan.json]
            print(asJSON ? document.text(pretty: true) + "\n" : plan.text, terminator: "")
            return .success
        } catch {
            complain(schema.component, error.description)
            return .settings
        }
    }
}

extension LaunchPlan {
    /// With what the common settings say of it.
    func adjusted(by settings: ResolvedSettings) -> LaunchPlan {
        var plan = self
        if let grace = settings[CommonSettings.stopGrace] { plan.stop.grace = grace }
        return plan
    }
}
