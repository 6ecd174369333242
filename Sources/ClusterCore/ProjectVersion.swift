/// The version of this project's programs.
public enum ProjectVersion {
    /// `major.minor.patch`
    public static let text = "0.1.0"
}
