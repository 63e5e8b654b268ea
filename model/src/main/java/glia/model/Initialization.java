package glia.model;

/// How the weights of a new model are drawn.
public sealed interface Initialization {
    /// Normal with standard deviation `1/√inputs` (https://doi.org/10.1007/3-540-49430-8_2), embeddings 0.02.
    Initialization DEFAULT = new Scaled();
    /// That of GPT-2 and nanoGPT.
    Initialization GPT2 = new Gpt2();

    /// Normal with standard deviation `1/√inputs`, embeddings 0.02.
    record Scaled() implements Initialization { }

    /// Normal with standard deviation 0.02; matrices that write to the residual stream of a model with n sublayers
    /// `0.02/√n`, where a layer of attention and MLP is two sublayers. As GPT-2
    /// (https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf, section
    /// 2.3) and nanoGPT.
    record Gpt2() implements Initialization { }

    /// Maximal update parametrization (µP, https://arxiv.org/abs/2203.03466, table 3), in which a learning rate that is
    /// best for a base width is best for each width. At the base width it equals `DEFAULT`.
    ///
    /// With `m = D / baseWidth`: hidden matrices have the deviation `1/√inputs`, head and routers `1/√(m · inputs)`,
    /// embeddings 0.02. Learning rates of Adam are divided by m for hidden matrices, head and routers
    /// (`glia.train.optim.MaximalUpdate`). The multiplier `1/m` of logits is thus part of the weights. So is that of
    /// attention, `√(baseHeadSize) / E` instead of `1/√E`: queries, or the weights of their norm, begin smaller by
    /// `√(baseHeadSize / E)`, and so do their learning rates. A model in µP is therefore saved as any other.
    ///
    /// @param baseWidth hidden size for which the learning rate was chosen; other sizes grow with the hidden size
    /// @param baseHeadSize E at the base width; 0 if heads have the same size at all widths
    record MaximalUpdate(int baseWidth, int baseHeadSize) implements Initialization {
        public MaximalUpdate {
            if (baseWidth < 1 || baseHeadSize < 0) {
                throw new IllegalArgumentException("µP with a base width of " + baseWidth + " and a base head size of "
                        + baseHeadSize + ", expected at least 1 and 0");
            }
        }

        /// Heads of one size at all widths.
        public MaximalUpdate(int baseWidth) {
            this(baseWidth, 0);
        }
    }
}
