package glia.plan.choose;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.plan.data.Device;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Shape;
import java.util.List;
import java.util.Locale;

/// What is said in public of architectures, beside the arithmetic.
public final class Claims {
    private static final double FAR = 32_768;
    private static final double NEAR = 0.1;
    private static final int CACHE_BYTES = 2;
    private static final String FACTOR = "%.1f times";
    private static final String PART = "%.1f %%";

    private Claims() { }

    /// A claim and what is computed.
    ///
    /// @param claim in our words
    /// @param source where it stands
    /// @param said the figure of the claim
    /// @param computed the same figure, computed
    /// @param holds whether they agree within a tenth
    /// @param because what the figure is made of
    public record Claim(String claim, String source, String said, String computed, boolean holds, String because) { }

    /// The claims.
    ///
    /// @param device for figures of speed
    public static List<Claim> of(Device device, Effects effects) {
        Shape v2 = shape("deepseek-v2");
        Shape mixtral = shape("mixtral-8x7b");
        Shape mistral = shape("mistral-7b-v0.1");
        Shape llama = shape("llama-3.1-8b");
        Shape jamba = shape("jamba-1.5-mini");
        double of67b = 95 * 2 * 8 * 128;
        double ofHeads = 60 * 2 * 128 * 128;
        double batch16 = mixtral.parameters() - mixtral.experts() * (1 - mixtral.expertsRead(16));
        return List.of(
                claim("the KV cache of DeepSeek-V2 is smaller than that of DeepSeek 67B by", "https://arxiv.org/abs/"
                        + "2405.04434", 93.3, 100 * (1 - v2.cacheNumbers() / of67b), PART, "60 layers of 576 numbers, "
                        + "95 layers of 8 heads of keys and values; the paper also rounds its cache to 6 bits"),
                claim("latent attention (MLA) saves of the cache of as many heads of attention", "https://arxiv.org/"
                        + "abs/2405.04434", 60, 100 * (1 - v2.cacheNumbers() / ofHeads), PART, "576 numbers a layer in "
                        + "place of 2 · 128 · 128; \"50 to 70 %\" is often said"),
                claim("Mixtral 8x7B costs as much as a dense model of 12.9 B parameters; for 16 sequences it reads",
                        "https://arxiv.org/abs/2401.04088", 12.9, batch16 / 1e9, "%.1f B", "16 tokens choose nearly "
                        + "all experts, 1 - (1 - 2/8)^16: the claim holds for arithmetic and for one sequence"),
                claim("a window of 4,096 tokens makes the cache of Mistral 7B at 32k tokens smaller by a factor of",
                        "https://arxiv.org/abs/2310.06825", 8, (mistral.cacheNumbers() + mistral.windowed()) * FAR
                        / mistral.cached(FAR), FACTOR, "32,768 / 4,096"),
                claim("8 heads of keys and values for 32 heads (Llama 3.1 8B) make the cache smaller by a factor of",
                        "https://arxiv.org/abs/2305.13245", 4, 32 * 2 * 32 * 128 / llama.cacheNumbers(), FACTOR,
                        "32 / 8"),
                claim("Mamba 2.8B makes more tokens per second than a Transformer of its size, by a factor of",
                        "https://arxiv.org/abs/2312.00752", 5, rate("mamba-2.8b", device, effects)
                        / rate("pythia-2.8b", device, effects), FACTOR, "as many sequences of 2,048 + 128 tokens as "
                        + "fit, at most 128; Pythia has as many heads of keys as of queries"),
                claim("Jamba 1.5 mini holds 256k tokens on a device of 80 GB, with 8 bits a weight: GB",
                        "https://arxiv.org/abs/2408.12570", 80, (jamba.parameters() + CACHE_BYTES
                        * jamba.cached(262_144)) / 1e9, "%.0f GB", "weights in 8 bits and a cache in 16 bits; less is "
                        + "better"));
    }

    private static Claim claim(String claim, String source, double said, double computed, String format,
            String because) {
        return new Claim(claim, source, String.format(Locale.ROOT, format, said), String.format(Locale.ROOT, format,
                computed), Math.abs(computed / said - 1) <= NEAR || because.contains("less is better")
                && computed <= said, because);
    }

    private static Shape shape(String id) {
        return Shape.of(((Disclosed) Catalogue.load().find(id).getFirst()).validSpec());
    }

    /// Tokens per second of a server, as many sequences as fit.
    private static double rate(String id, Device device, Effects effects) {
        Shape shape = shape(id);
        Setup setup = new Setup(device, 1, Setup.Split.TENSOR, "", 16, 0);
        double weights = 2 * shape.parameters();
        Serving.Load load = new Serving.Load(2048, 128, 0, CACHE_BYTES);
        double batch = Math.clamp(Math.floor(Serving.fitting(setup, shape, weights, load)), 1, 128);
        return batch / Serving.step(effects, setup, shape, weights, load, batch);
    }
}
