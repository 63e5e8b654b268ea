/// Episodes of several turns with tools.
///
/// Begin with [Environment] and [ToolEnvironment].
package glia.reason.environment;
