package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;

/// Layers `offset`, `offset + period`…
public record LayerPeriod(int period, int offset) {
    public static LayerPeriod read(Config config, String periodKey, int defaultPeriod, String offsetKey,
            int defaultOffset)
            throws CheckpointException {
        int period = config.positive(periodKey, defaultPeriod);
        int offset = Numbers.count(config, offsetKey, defaultOffset);
        if (offset >= period) {
            throw config.error(offsetKey, "found " + offset + ", expected a number below the period " + period);
        }
        return new LayerPeriod(period, offset);
    }

    public boolean has(int layer) {
        return layer % period == offset;
    }
}
