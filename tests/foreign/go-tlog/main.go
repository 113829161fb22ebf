// Command go-tlog verifies a published transparency log with the Go project's own packages, which share no code
// with ours: the checkpoint's signature, its consistency with an older tree, and the inclusion of every entry.
//
// Usage: go-tlog LOGDIR VKEY OLDSIZE OLDROOT (base64)
//
// Prints "ok" and the size; or a reason on standard error and exits with 1. Runs with Go 1.19 and Debian's
// golang-golang-x-mod-dev: GO111MODULE=off GOPATH=/usr/share/gocode go run main.go ...
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Levels of the tree in one tile: what tlog-tiles fixes and leaves out of its paths.
const tileHeight = 8

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: go-tlog LOGDIR VKEY OLDSIZE OLDROOT")
		os.Exit(2)
	}
	size, err := verify(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Println("ok", size)
}

func verify(dir, vkey, oldSize, oldRoot string) (int64, error) {
	tree, err := openCheckpoint(dir, vkey)
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	old := tlog.Tree{}
	if old.N, err = strconv.ParseInt(oldSize, 10, 64); err != nil {
		return 0, fmt.Errorf("old size: %w", err)
	}
	if old.Hash, err = tlog.ParseHash(oldRoot); err != nil {
		return 0, fmt.Errorf("old root: %w", err)
	}
	if tree.N == 0 {
		return 0, nil
	}
	hashes := tlog.HashReaderFunc((&tileReader{dir, tree.N, map[tlog.Tile][]byte{}, map[int64]tlog.Hash{}}).readHashes)
	if old.N > 0 {
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err != nil {
			return 0, fmt.Errorf("consistency: %w", err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return 0, fmt.Errorf("consistency: %w", err)
		}
	}
	return tree.N, checkEntries(dir, tree, hashes)
}

func openCheckpoint(dir, vkey string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func checkEntries(dir string, tree tlog.Tree, hashes tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += 1 << tileHeight {
		width := tree.N - first
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		bundle := tlog.Tile{H: tileHeight, L: -1, N: first >> tileHeight, W: int(width)}
		rest, err := os.ReadFile(filepath.Join(dir, tilesPath(bundle)))
		if err != nil {
			return err
		}
		for index := first; index < first+width; index++ {
			if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
				return fmt.Errorf("entry %d: its bundle ends before it does", index)
			}
			end := 2 + int(binary.BigEndian.Uint16(rest))
			if err := checkInclusion(tree, index, rest[2:end], hashes); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			rest = rest[end:]
		}
		if len(rest) > 0 {
			return fmt.Errorf("%s goes on after its last entry", tilesPath(bundle))
		}
	}
	return nil
}

func checkInclusion(tree tlog.Tree, index int64, entry []byte, hashes tlog.HashReader) error {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

// tileReader reads hashes from tiles in tlog-tiles layout. It trusts them: every proof made of them is checked
// against the root.
type tileReader struct {
	dir    string
	size   int64
	tiles  map[tlog.Tile][]byte
	hashes map[int64]tlog.Hash
}

func (reader *tileReader) readHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hash, ok := reader.hashes[index]
		if !ok {
			tile := reader.asPublished(tlog.TileForIndex(tileHeight, index))
			content, err := reader.readTile(tile)
			if err != nil {
				return nil, err
			}
			if hash, err = tlog.HashFromTile(tile, content, index); err != nil {
				return nil, err
			}
			reader.hashes[index] = hash
		}
		hashes[i] = hash
	}
	return hashes, nil
}

// asPublished is the tile as wide as the tree makes it.
func (reader *tileReader) asPublished(tile tlog.Tile) tlog.Tile {
	tile.W = 1 << tileHeight
	if hashes := reader.size>>(tile.L*tileHeight) - tile.N<<tileHeight; hashes < int64(tile.W) {
		tile.W = int(hashes)
	}
	return tile
}

func (reader *tileReader) readTile(tile tlog.Tile) ([]byte, error) {
	if content, ok := reader.tiles[tile]; ok {
		return content, nil
	}
	content, err := os.ReadFile(filepath.Join(reader.dir, tilesPath(tile)))
	if err != nil {
		return nil, err
	}
	if len(content) != tile.W*tlog.HashSize {
		return nil, fmt.Errorf("%s has %d bytes", tilesPath(tile), len(content))
	}
	reader.tiles[tile] = content
	return content, nil
}

// tilesPath is the tile's path as tlog-tiles has it: without the height, and "entries" for what Go calls "data".
func tilesPath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}
