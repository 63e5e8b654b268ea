/// Compares training with the results of reference libraries: `glia check --cases`.
///
/// Begin with [CaseTree].
package glia.check;
