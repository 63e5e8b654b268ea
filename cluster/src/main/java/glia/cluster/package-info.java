/// Ranks that compute together: threads of one process, or processes that MPI started.
///
/// Begin with [Collective] and [Launch].
package glia.cluster;
