package glia.io.hub;

import glia.io.hub.HubException.Kind;
import glia.io.json.JsonValues;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// The three requests of a pull: the files of a repository, the hash and size of a file, its bytes. Responses are
/// checked before use, since they become paths and sizes on this machine.
final class HubApi {
    static final String REPO_COMMIT = "X-Repo-Commit";
    private static final int MAX_LISTING_BYTES = 32 << 20;
    private static final int MAX_FILES = 100_000;
    private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{3,127}");
    /// Up to a petabyte.
    private static final Pattern SIZE = Pattern.compile("-1|\\d{1,15}");

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
        byte[] json;
        try (InputStream body = new TimedBody(response.body(), host(), http.timeouts(), http.timeouts().listing())) {
            if (response.statusCode() != 200) {
                throw HubErrors.of(response, settings, name, "");
            }
            json = body.readNBytes(MAX_LISTING_BYTES + 1);
        } catch (IOException e) {
            throw e instanceof HubException hub ? hub : new HubException(Kind.UNREACHABLE, "The list of files of "
                + name.repository() + " could not be read: " + e.getMessage() + ". Try again later; HF_ENDPOINT names "
                + "a mirror of the hub, HTTPS_PROXY a proxy.", e);
        }
        if (json.length > MAX_LISTING_BYTES) {
            throw notTheHub("a list of files of more than " + MAX_LISTING_BYTES + " bytes", null);
        }
        try (JsonParser parser = JsonValues.parser(json)) {
            return listing(parser);
        } catch (JacksonException e) {
            throw notTheHub("something that is not the JSON expected (" + e.getOriginalMessage() + ")", e);
        }
    }

    /// Reads `{"sha": COMMIT, "siblings": [{"rfilename": NAME}, …]}` as a stream and skips the rest: it may be large.
    private Listing listing(JsonParser json) throws HubException {
        String commit = "";
        Set<String> files = null;
        if (json.nextToken() == JsonToken.START_OBJECT) {
            for (String key = json.nextName(); key != null; key = json.nextName()) {
                json.nextToken();
                if (key.equals("sha") && json.currentToken() == JsonToken.VALUE_STRING) {
                    commit = json.getString();
                } else if (key.equals("siblings") && json.currentToken() == JsonToken.START_ARRAY) {
                    files = files(json);
                } else {
                    json.skipChildren();
                }
            }
        }
        if (!HubName.isCommit(commit) || files == null) {
            throw notTheHub("JSON without a commit and a list of files", null);
        }
        return new Listing(commit, List.copyOf(files));
    }

    private Set<String> files(JsonParser json) throws HubException {
        Set<String> files = new LinkedHashSet<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            String file = "";
            if (json.currentToken() == JsonToken.START_OBJECT) {
                for (String key = json.nextName(); key != null; key = json.nextName()) {
                    json.nextToken();
                    if (key.equals("rfilename") && json.currentToken() == JsonToken.VALUE_STRING) {
                        file = json.getString();
                    } else {
                        json.skipChildren();
                    }
                }
            } else {
                json.skipChildren();
            }
            files.add(FileNames.check(file, host()));
            if (files.size() > MAX_FILES) {
                throw new HubException(Kind.REFUSED, host() + " lists more than " + MAX_FILES
                    + " files, too many for a model. Download the files by hand and give their folder.");
            }
        }
        return files;
    }

    private String host() {
        return settings.endpoint().getHost();
    }

    /// The hash and size of a file.
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
            throw notTheHub("an invalid size of " + file + ": " + FileNames.printable(size), null);
        }
        return new RemoteFile(file, commit, etag, Long.parseLong(size));
    }

    /// Requests a file's bytes from an offset on.
    ///
    /// @return a response of status 206, 200 where the server does not support ranges, or 416 where the file is shorter
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

    HubHttp.HubTimeouts timeouts() {
        return http.timeouts();
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

    /// Percent-encodes one part of a path, slashes included.
    private static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HubException notTheHub(String found, Throwable cause) {
        return new HubException(Kind.SERVER, host() + " sent " + found
            + ", which is not the hub's interface. Check HF_ENDPOINT, or a proxy or login page on the way.", cause);
    }
}
