/// Measurements side by side with other programs.
///
/// Begin with [ModelBench] and [PythonPeer].
package glia.peer;
