package glia.engine.inspect;

import glia.engine.pass.Engine;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;

/// The hidden states of a text after each layer: the residual stream, before the final norm.
public final class LayerStates {
    private LayerStates() { }

    /// Receives the hidden states of a layer during the pass.
    @FunctionalInterface
    public interface Receiver {
        /// @param layer as the checkpoint counts; [LayerHook#EMBEDDINGS] before the first
        /// @param hidden `[T, D]`, valid during the call
        /// @param pass the tokens
        void layer(int layer, Tensor hidden, Pass pass);
    }

    /// Computes a whole text, without a KV cache.
    ///
    /// @throws IllegalArgumentException if it has no tokens or one that does not exist, or the model reads a source
    public static void read(Engine engine, int[] ids, Receiver receiver) {
        ModelSpec spec = engine.model().spec();
        if (spec.encoder().isPresent()) {
            throw new IllegalArgumentException("models with an encoder and a decoder have no hidden states of "
                    + "one text");
        }
        int[] layers = spec.layerEnds();
        Compute ops = engine.ops();
        Pass pass = new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.LAST);
        engine.hidden(pass.hook(new LayerHook() {
            @Override
            public void stream(int sublayer, Tensor stream) {
                if (sublayer == EMBEDDINGS || layers[sublayer] >= 0) {
                    int mark = ops.mark();
                    receiver.layer(sublayer == EMBEDDINGS ? EMBEDDINGS : layers[sublayer],
                            engine.decoder().joined(ops, stream), pass);
                    ops.release(mark);
                }
            }
        }), _ -> null);
    }
}
