/// Weights that PyTorch saved: a reader that accepts tensors and refuses everything else in a pickle.
///
/// @see <a href="https://docs.python.org/3/library/pickletools.html">opcodes of pickles</a>
package glia.io.pytorch;
