import Marathon

/// What the command line says about scheduling.
struct SchedulerOptions: Sendable {
    var features: Set<String> = []
    var servicePorts = 10000...20000
    var acceptedRoles: Set<String> = ["*"]
    var variablePrefix = ""
    var declineSeconds = 120.0
    var limitPerOffer: Int?
    var taskLaunchTimeout = 300.0
    var taskLaunchConfirmTimeout = 300.0
    var killRetrySeconds = 30.0
    var reconciliationInterval = 600.0
    var minReviveInterval = 0.5
    var maxApps: Int?
    var maxRunningDeployments = 100
    var maxVersions = 50
}
