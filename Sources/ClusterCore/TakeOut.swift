/// Takes a value out of its place and leaves another one there.
///
/// Not `defer { place = new }` with `return place`: where Swift 6.3 optimises that inside a mutex' closure it may let go of the old value
/// before the new owner has it.
public func takeOut<Value>(_ place: inout Value, leaving new: Value) -> Value {
    var value = new
    swap(&place, &value)
    return value
}
