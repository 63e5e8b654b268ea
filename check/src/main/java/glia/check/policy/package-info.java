/// Compares policy optimization with the results of TRL and verl.
///
/// Begin with [GrpoCases] and [CaseRows].
package glia.check.policy;
