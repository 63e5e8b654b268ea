package glia.model.family.config;

import glia.io.Config;

/// Config keys with two names, of which Transformers takes either.
public final class Synonyms {
    private Synonyms() { }

    /// The config with the first name of each pair where it has only the second.
    ///
    /// @param pairs a name and another name for it, one pair after another
    public static Config read(Config config, String... pairs) {
        Config read = config;
        for (int i = 0; i < pairs.length; i += 2) {
            if (!config.mentions(pairs[i]) && config.mentions(pairs[i + 1])) {
                read = read.with(pairs[i], config.values().get(pairs[i + 1]));
            }
        }
        return read;
    }

    /// The config with a value where it does not mention the key.
    public static Config orElse(Config config, String key, Object value) {
        return config.mentions(key) ? config : config.with(key, value);
    }
}
