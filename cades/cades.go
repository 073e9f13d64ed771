package cades
