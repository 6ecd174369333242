import ClusterCore
import Entrypoint
import JSON
import Prerequisites

/// What the plan depends on beside the settings.
struct ChronosFacts: PlanFacts, Hashable {
    /// The engines found.
    var engines: EngineChoice.Found

    init(engines: EngineChoice.Found) { self.engines = engines }

    var json: JSON { ["engines": engines.json] }

    init(json: JSON) throws(ClusterError) { engines = EngineChoice.Found(json: json["engines"]) }
}
