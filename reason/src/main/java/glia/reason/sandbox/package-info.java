/// Untrusted programs in child processes with limits.
///
/// Begin with [Sandbox].
package glia.reason.sandbox;
