package glia.io.hub;

import glia.io.file.HomeFolder;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The hub's address, the access token and the cache folders. They come from the environment variables that the hub's
/// other tools read too, so that all of them share one cache.
///
/// @param endpoint the hub's root, without a slash at the end (`HF_ENDPOINT`)
/// @param token the access token, sent only to `endpoint` (`HF_TOKEN`, else the file of the login tool)
/// @param hubCache the hub's shared cache (`HF_HUB_CACHE`)
/// @param gliaCache Glia's own cache, for derived files (`GLIA_CACHE`)
/// @param offline whether requests are disabled (`HF_HUB_OFFLINE`)
/// @param symlinks whether to try symbolic links in the hub's cache (`HF_HUB_DISABLE_SYMLINKS`)
/// @see <a href="https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables">the variables</a>
public record HubSettings(URI endpoint, Optional<String> token, Path hubCache, Path gliaCache, boolean offline,
                          boolean symlinks) {
    private static final String PUBLIC_HUB = "https://huggingface.co";
    private static final Set<String> TRUE_VALUES = Set.of("1", "ON", "YES", "TRUE");

    /// The settings of this process.
    ///
    /// @throws HubException if a variable has an invalid value; the message names it
    public static HubSettings fromEnvironment() throws HubException {
        return from(System.getenv(), System.getProperty("os.name"), HomeFolder.folder());
    }

    static HubSettings from(Map<String, String> environment, String osName, Path home) throws HubException {
        var variables = new Variables(environment, home);
        Path xdgCache = variables.path("XDG_CACHE_HOME").orElse(home.resolve(".cache"));
        Path hubHome = variables.path("HF_HOME").orElse(xdgCache.resolve("huggingface"));
        Path hubCache = variables.path("HF_HUB_CACHE").or(() -> variables.path("HUGGINGFACE_HUB_CACHE"))
            .orElse(hubHome.resolve("hub"));
        return new HubSettings(endpoint(variables), token(variables, hubHome), absolute(hubCache),
            gliaCache(variables, osName, home, xdgCache), variables.isTrue("HF_HUB_OFFLINE"),
            !variables.isTrue("HF_HUB_DISABLE_SYMLINKS"));
    }

    /// Glia's own cache folder of this user. Does not fail if a setting of the hub is invalid.
    public static Path gliaCacheFolder() {
        Path home = HomeFolder.folder();
        var variables = new Variables(System.getenv(), home);
        Path xdgCache = variables.path("XDG_CACHE_HOME").orElse(home.resolve(".cache"));
        return gliaCache(variables, System.getProperty("os.name"), home, xdgCache);
    }

    private static Path gliaCache(Variables variables, String osName, Path home, Path xdgCache) {
        Optional<Path> chosen = variables.path("GLIA_CACHE");
        return absolute(chosen.orElseGet(() -> platformCache(variables, osName, home, xdgCache)));
    }

    private static Path platformCache(Variables variables, String osName, Path home, Path xdgCache) {
        String os = osName.toLowerCase(Locale.ROOT);
        if (os.startsWith("windows")) {
            return variables.path("LOCALAPPDATA").orElse(home.resolve("AppData").resolve("Local")).resolve("glia");
        }
        boolean macDefault = os.startsWith("mac") && variables.text("XDG_CACHE_HOME").isEmpty();
        return macDefault ? home.resolve("Library").resolve("Caches").resolve("glia") : xdgCache.resolve("glia");
    }

    private static URI endpoint(Variables variables) throws HubException {
        String text = variables.text("HF_ENDPOINT").orElse(PUBLIC_HUB).replaceAll("/+$", "");
        try {
            var uri = new URI(text);
            boolean web = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
            if (web && uri.getHost() != null && uri.getRawUserInfo() == null && uri.getRawQuery() == null
                && uri.getRawFragment() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            throw badEndpoint(e);
        }
        throw badEndpoint(null);
    }

    /// Does not repeat the value, which may contain a password.
    private static HubException badEndpoint(Throwable cause) {
        return new HubException(Kind.SETTINGS, "HF_ENDPOINT is not the address of a hub. Expected something like "
            + PUBLIC_HUB + " (http or https, no user name, no query); unset it to use that one.", cause);
    }

    private static Optional<String> token(Variables variables, Path hubHome) throws HubException {
        Optional<String> token = variables.text("HF_TOKEN").or(() -> variables.text("HUGGING_FACE_HUB_TOKEN"));
        String source = "HF_TOKEN";
        if (token.isEmpty()) {
            if (variables.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
                return Optional.empty();
            }
            Path file = variables.path("HF_TOKEN_PATH").orElse(hubHome.resolve("token"));
            source = file.toString();
            token = tokenFile(file);
        }
        if (token.isPresent() && !token.get().chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new HubException(Kind.SETTINGS, "The hub's token in " + source + " holds spaces, line breaks or "
                + "characters outside ASCII. Copy it again from the hub's settings, or remove it.");
        }
        return token;
    }

    private static Optional<String> tokenFile(Path file) throws HubException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            String text = Files.readString(file).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException e) {
            throw new HubException(Kind.SETTINGS, "The hub's token file " + file + " cannot be read (" + e.getMessage()
                + "). Make it readable, remove it, or set HF_TOKEN.", e);
        }
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /// The settings without the token.
    @Override
    public String toString() {
        return "HubSettings[endpoint=" + endpoint + ", token=" + (token.isPresent() ? "set" : "none") + ", hubCache="
            + hubCache + ", gliaCache=" + gliaCache + ", offline=" + offline + ", symlinks=" + symlinks + "]";
    }

    /// Environment variables; an empty one counts as unset, and `~` at the start of a path is the home folder.
    private record Variables(Map<String, String> environment, Path home) {
        Optional<String> text(String name) {
            return Optional.ofNullable(environment.get(name)).map(String::strip).filter(value -> !value.isEmpty());
        }

        Optional<Path> path(String name) {
            return text(name).map(value -> value.equals("~") ? home
                : value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value));
        }

        boolean isTrue(String name) {
            return text(name).map(value -> TRUE_VALUES.contains(value.toUpperCase(Locale.ROOT))).orElse(false);
        }
    }
}
