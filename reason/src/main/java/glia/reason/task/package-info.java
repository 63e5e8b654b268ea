/// Generators of problems with verifiers.
///
/// Begin with [Task], [TaskSet] and [Tasks].
package glia.reason.task;
