/// API keys, and who may use a server.
///
/// Begin with [Access] and [KeyFile].
package glia.serve.security;
