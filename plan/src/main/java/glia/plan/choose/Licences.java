package glia.plan.choose;

import glia.plan.choose.Needs.Licence;
import java.util.LinkedHashMap;
import java.util.Map;

/// Licences of the weights in the catalogue, by the beginning of the model's id, as the model cards state them.
public final class Licences {
    private static final Map<String, Terms> BY_PREFIX = new LinkedHashMap<>();

    static {
        add(Licence.OPEN, "MIT", "deepseek-r1", "deepseek-v3.2", "glm", "gpt2", "minimax-m2", "roberta",
                "xlm-roberta", "deberta", "bge-m3", "multilingual-e5", "whisper", "moonshine");
        add(Licence.COMMERCIAL, "DeepSeek Model License", "deepseek");
        add(Licence.COMMERCIAL, "Modified MIT", "kimi");
        add(Licence.COMMERCIAL, "Llama Community License", "llama");
        add(Licence.ANY, "Qwen Research License", "qwen2.5-3b");
        add(Licence.COMMERCIAL, "Qwen License", "qwen2.5-72b");
        add(Licence.OPEN, "Apache 2.0", "mistral-7b", "ministral", "mixtral", "qwen", "gpt-oss", "gemma-4", "mamba",
                "bamba", "granite", "bert", "modernbert", "t5", "flan-t5", "mpt", "smollm",
                "albert", "electra");
        add(Licence.COMMERCIAL, "Gemma Terms of Use", "gemma");
        add(Licence.COMMERCIAL, "MiniMax Model License", "minimax");
        add(Licence.COMMERCIAL, "Jamba Open Model License", "jamba");
        add(Licence.ANY, "NVIDIA Internal Scientific Research and Development Model License", "nemotron-h");
        add(Licence.COMMERCIAL, "NVIDIA Open Model License", "nemotron");
        add(Licence.COMMERCIAL, "Falcon LLM License", "falcon");
        add(Licence.COMMERCIAL, "BigScience RAIL License", "bloom");
    }

    /// A licence and what it allows.
    public record Terms(String name, Licence allows) { }

    private Licences() { }

    private static void add(Licence allows, String name, String... prefixes) {
        for (String prefix : prefixes) {
            BY_PREFIX.put(prefix, new Terms(name, allows));
        }
    }

    /// The licence of a model of the catalogue.
    public static Terms of(String id) {
        return BY_PREFIX.entrySet().stream().filter(e -> id.startsWith(e.getKey()))
                .max(Map.Entry.comparingByKey((a, b) -> Integer.compare(a.length(), b.length())))
                .map(Map.Entry::getValue).orElse(new Terms("unknown", Licence.ANY));
    }
}
