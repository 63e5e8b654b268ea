package glia.train.report;

import glia.io.json.JsonTree.JsonText;

/// Writes JSON into a page. Numbers have 7 digits, and 4 in heatmaps, so that the page stays small. What is not finite
/// is null. The text holds no `<`, so it may stand in a script element.
final class PageJson {
    private final StringBuilder text = new StringBuilder();
    private boolean first = true;

    PageJson begin(char bracket) {
        separate();
        text.append(bracket);
        first = true;
        return this;
    }

    PageJson end(char bracket) {
        text.append(bracket);
        first = false;
        return this;
    }

    PageJson key(String key) {
        string(key);
        text.append(':');
        first = true;
        return this;
    }

    PageJson string(String value) {
        separate();
        text.append(JsonText.quote(value).replace("<", "\\u003c"));
        return this;
    }

    PageJson integer(long value) {
        separate();
        text.append(value);
        return this;
    }

    PageJson decimal(double value) {
        separate();
        if (Float.isFinite((float) value)) {
            text.append((float) value);
        } else {
            text.append(Double.isFinite(value) ? Double.toString(value) : "null");
        }
        return this;
    }

    /// A number with 4 significant digits.
    PageJson shortDecimal(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return decimal(value);
        }
        double scale = Math.pow(10, 3 - Math.floor(Math.log10(Math.abs(value))));
        return decimal(Double.isFinite(scale) ? Math.round(value * scale) / scale : value);
    }

    private void separate() {
        if (!first) {
            text.append(',');
        }
        first = false;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
