import Tensors

extension StoredField {
  /// Its name in a parameter's name.
  var partName: PartName {
    // An element of a tuple without a label is called `.0`.
    if name.hasPrefix("."), let index = Int(name.dropFirst()) { return .position(index) }
    return .property(propertyName)
  }

  /// Its name in the source: a property wrapper's storage carries an underscore that is no part of the property's name.
  var propertyName: String {
    let isWrapped = name.hasPrefix("_") && (type is any ModelState.Type || type is any ConstantValue.Type)
    return isWrapped ? String(name.dropFirst()) : name
  }
}
