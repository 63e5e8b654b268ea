/// Published figures of speed, and predictions beside them.
///
/// Begin with [Published].
package glia.plan.published;
