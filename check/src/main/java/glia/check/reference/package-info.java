/// Reads reference cases and compares results with them.
///
/// Begin with [CaseFile] and [ReferenceCase].
package glia.check.reference;
