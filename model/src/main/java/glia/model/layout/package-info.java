/// Where a parameter lies in a checkpoint.
///
/// Begin with [Source] and [GgufForm].
package glia.model.layout;
