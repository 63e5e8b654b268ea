/// Compares training with the results of reference libraries.
///
/// Begin with [CaseGroups] and [ReferenceRun].
package glia.train.check;
