package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The three questions that a pull asks the hub: what is in a repository, what a file is, and its bytes. Answers are
/// checked before they are believed: they become paths and sizes on this machine.
final class HubApi {
    static final String REPO_COMMIT = "X-Repo-Commit";
    private static final int MAX_LISTING_BYTES = 64 << 20;
    private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{3,127}");
    /// Up to a petabyte.
    private static final Pattern SIZE = Pattern.compile("-1|\\d{1,15}");
    private static final JsonMapper JSON = new JsonMapper();

    private final HubSettings settings;
    private final HubHttp http;

    HubApi(HubSettings settings, HubHttp http) {
        this.settings = settings;
        this.http = http;
    }

    /// A repository at one commit.
    record Listing(String commit, List<String> files) { }

    /// A file at one commit.
    ///
    /// @param etag the name of its blob: the content's SHA-256 for files in large file storage, else its git hash
    /// @param sizeBytes -1 where the hub does not say
    record RemoteFile(String name, String commit, String etag, long sizeBytes) { }

    Listing listing(HubName name, Progress progress) throws HubException {
        String path = "/api/models/" + name.repository()
            + (name.revision().equals(HubName.MAIN) ? "" : "/revision/" + encode(name.revision()));
        HttpResponse<InputStream> response = http.send("GET", uri(path), Map.of(), progress);
        try (InputStream body = response.body()) {
            if (response.statusCode() != 200) {
                throw HubErrors.of(response, settings, name, "");
            }
            byte[] bytes = body.readNBytes(MAX_LISTING_BYTES + 1);
            if (bytes.length > MAX_LISTING_BYTES) {
                throw notTheHub("an answer of more than " + MAX_LISTING_BYTES + " bytes", null);
            }
            return listing(JSON.readTree(bytes));
        } catch (JacksonException e) {
            throw notTheHub("something that is not JSON", e);
        } catch (IOException e) {
            throw e instanceof HubException hub ? hub : new HubException(Kind.UNREACHABLE,
                settings.endpoint().getHost() + " broke off its answer (" + e.getMessage() + "). Try again.", e);
        }
    }

    private Listing listing(JsonNode json) throws HubException {
        JsonNode siblings = json.path("siblings");
        String commit = json.path("sha").asString("");
        if (!HubName.isCommit(commit) || !siblings.isArray()) {
            throw notTheHub("JSON without a commit and a list of files", null);
        }
        List<String> files = new ArrayList<>();
        for (JsonNode sibling : siblings) {
            files.add(FileNames.check(sibling.path("rfilename").asString(""), settings.endpoint().getHost()));
        }
        return new Listing(commit, files);
    }

    /// Asks what a file is, without its bytes.
    RemoteFile describe(HubName name, String commit, String file, Progress progress) throws HubException {
        HttpResponse<InputStream> response = http.send("HEAD", fileUri(name, commit, file), Map.of(), progress);
        HubHttp.close(response);
        int status = response.statusCode();
        if (status / 100 != 2 && status / 100 != 3) {
            throw HubErrors.of(response, settings, name, file);
        }
        HttpHeaders headers = response.headers();
        String found = headers.firstValue(REPO_COMMIT).orElse("");
        String etag = headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag")).orElse("")
            .replaceFirst("^W/", "").replace("\"", "");
        if (!found.equals(commit) || !ETAG.matcher(etag).matches()) {
            throw notTheHub("headers without the commit (" + REPO_COMMIT + ") and hash (ETag) of " + file, null);
        }
        String size = headers.firstValue("X-Linked-Size")
            .or(() -> status / 100 == 2 ? headers.firstValue("Content-Length") : Optional.empty()).orElse("-1");
        if (!SIZE.matcher(size).matches()) {
            throw notTheHub("a size of " + file + " that is none: " + FileNames.printable(size), null);
        }
        return new RemoteFile(file, commit, etag, Long.parseLong(size));
    }

    /// Asks for a file's bytes from an offset on. The answer is 206, or 200 where the server does not resume.
    HttpResponse<InputStream> open(HubName name, RemoteFile file, long offset, Progress progress) throws HubException {
        Map<String, String> range = offset == 0 ? Map.of() : Map.of("Range", "bytes=" + offset + "-");
        HttpResponse<InputStream> response =
            http.send("GET", fileUri(name, file.commit(), file.name()), range, progress);
        int status = response.statusCode();
        if (status != 200 && status != 206 && status != 416) {
            HubHttp.close(response);
            throw HubErrors.of(response, settings, name, file.name());
        }
        return response;
    }

    URI fileUri(HubName name, String revision, String file) {
        var path = new StringBuilder("/" + name.repository() + "/resolve/" + encode(revision));
        for (String part : file.split("/")) {
            path.append('/').append(encode(part));
        }
        return uri(path.toString());
    }

    private URI uri(String path) {
        return URI.create(settings.endpoint() + path);
    }

    /// Percent encoding of one part of a path, slashes included.
    private static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HubException notTheHub(String found, Throwable cause) {
        return new HubException(Kind.SERVER, settings.endpoint().getHost() + " answered with " + found
            + ", not as a hub does. Check HF_ENDPOINT, or a proxy or login page on the way.", cause);
    }
}
