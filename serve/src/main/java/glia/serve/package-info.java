/// The HTTP server and its options.
///
/// Begin with [Server] and [ServerOptions].
package glia.serve;
