/// Options that several commands share: generation, computation, tool servers.
///
/// Begin with [GenerationFlags] and [ComputeOptions].
package glia.cli.option;
